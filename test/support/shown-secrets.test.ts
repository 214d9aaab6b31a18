// The search for secrets in the logs of every suite finds them, however they were sent.

import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { test } from 'node:test';
import { listeningPort } from './listening-port.ts';
import { configuredSecrets, noteSentFields, noteSentHead, shownSecrets } from './shown-secrets.ts';

test('credentials are known once they were sent, by node:http in either manner and by fetch', async t => {
  const server = createServer((_request, response) => response.end());
  const port = await listeningPort(server);
  t.after(() => server.close());
  const send = (headers: Record<string, string> | string[], path = '/') =>
    new Promise<void>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, headers, agent: false }, response => {
        response.resume().on('end', resolve);
      })
        .on('error', reject)
        .end();
    });
  assert.deepEqual(shownSecrets(['first-secret second-secret third-secret fourth-secret fifth-secret']), []);
  await send({ 'x-api-key': 'first-secret' });
  await send(['Host', 'a', 'Authorization', `Basic ${Buffer.from('ann:second-secret').toString('base64')}`]);
  await send({}, '/?access_token=third-secret&page=a-long-page-name');
  const headers = { authorization: 'Bearer fourth-secret', connection: 'close' };
  await (await fetch(`http://127.0.0.1:${port}/?k=fifth-secret`, { headers })).text();
  for (const word of ['first', 'second', 'third', 'fourth', 'fifth']) {
    assert.equal(shownSecrets([`{"path":"/${word}-secret"}`]).length, 1, word);
  }
  assert.deepEqual(shownSecrets(['a-long-page-name']), []);
});

test('so are those that a test sends byte by byte, or as fields of HTTP/2', () => {
  const texts = ['raw-secret-1 raw-secret-2 h2-secret-1 h2-secret-2'];
  assert.deepEqual(shownSecrets(texts), []);
  noteSentHead(Buffer.from('GET /?token=raw-secret-1 HTTP/1.1\r\nHost: a\r\nX-Api-Key: raw-secret-2\r\n\r\n'));
  noteSentFields([
    [':path', '/?token=h2-secret-1'],
    ['authorization', 'Bearer h2-secret-2'],
  ]);
  assert.equal(shownSecrets(texts).length, 4);
});

test('what looks like a credential is one; secrets of a configuration are found by their names', () => {
  const shown = [
    'token eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.c2lnbmF0dXJlLW9m',
    '-----BEGIN PRIVATE KEY-----',
    'authorization: Bearer abcdefghijkl',
    '$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$MTIz',
  ];
  for (const text of shown) assert.equal(shownSecrets([text]).length, 1, text);
  assert.deepEqual(shownSecrets(['{"level":"info","message":"ready","basic":"Basic login"}']), []);
  const yaml = `tls: { cert: certs/a.pem, key: certs/a.key }
oidc: { clientSecret: "a secret of words", session: { keys: ["key-of-sessions"] } }
stores: { main: { url: "redis://u:pass-of-redis@h:1" } }
keys: [{ id: k1, secret: short, hash: "sha256:00" }]
jwt: { keys: { secret: secret-of-tokens, algorithm: HS256 } }`;
  assert.deepEqual(configuredSecrets(yaml), [
    'a secret of words',
    'key-of-sessions',
    'secret-of-tokens',
    'pass-of-redis',
  ]);
});
