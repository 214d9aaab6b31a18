// Requests signed by curl, and by hand over HTTP/2 and beside an API key; replays over two workers of a real gateway.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:http2';
import { after, before, test } from 'node:test';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNodeBackend } from '../../support/node-backend.ts';

const secret = 'a-secret-of-curl-s-own';
const sharedSecret = 'a-secret-of-messages-that-nobody-guesses';
const apiKey = 'ck_of_acme_which_nobody_guesses';
let gateway: RunningGateway;
let backend: Awaited<ReturnType<typeof startNodeBackend>>;

before(async () => {
  backend = await startNodeBackend();
  const keys = `[{ id: AKACME1, consumer: acme, secret: ${secret} }]`;
  const signature = `signature: { scheme: aws4, region: eu-1, service: uploads, failedLogins: off, keys: ${keys} }`;
  const hash = createHash('sha256').update(apiKey).digest('hex');
  const messages = `signature: { scheme: rfc9421, failedLogins: off, keys: [{ id: M, consumer: acme, algorithm: hmac-sha256, secret: ${sharedSecret} }] }`;
  const hiddenKey = 'apiKey: { from: [{ query: key }], forward: { keepCredential: false } }';
  gateway = await startGateway(
    `listeners: [{ address: "127.0.0.1:{{port}}", protocols: [http/1.1, h2c] }]
admin: { address: "127.0.0.1:{{adminPort}}" }
upstreams: { backend: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
consumers: [{ name: acme, keys: [{ id: k1, hash: "sha256:${hash}" }] }]
routes:
  - name: all
    filters: [{ ${signature} }]
    to: backend
  - name: ways
    match: { path: /ways }
    filters:
      - ${signature}
      - anyOf:
          - allOf: [{ ${signature} }, { apiKey: { from: [{ query: key }] } }, { apiKey: { from: [{ header: x-second }] } }]
          - allOf: [{ ${signature} }, { apiKey: { from: [{ query: key }] } }]
    to: { reply: { status: 200 } }
  - { name: messages, match: { path: /messages }, filters: [{ ${messages} }], to: { reply: { status: 200 } } }
  - { name: behind, match: { path: /behind }, filters: [{ ${hiddenKey} }, { ${messages} }], to: backend }
  - { name: beside, match: { path: /beside }, filters: [{ allOf: [{ ${hiddenKey} }, { ${signature} }] }], to: backend }
`,
    { workers: 2 },
  );
});

after(async () => {
  await gateway?.stop();
  await backend?.stop();
});

function curl(...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const all = ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '10', ...args];
    execFile('/usr/bin/curl', all, (error, out, err) => (error === null ? resolve(out) : reject(new Error(err))));
  });
}

// Because: Debian's curl 7.88 leaves the port out of the host that it signs; an explicit Host header has none.
const host = ['-H', 'Host: api.test'];
const sigv4 = (password = secret) => [
  ...['--aws-sigv4', 'aws:amz:eu-1:uploads', '--user', `AKACME1:${password}`],
  ...host,
];
const address = (path: string) => `http://127.0.0.1:${gateway.port}${path}`;

test('curl --aws-sigv4, with a query and with a body', async () => {
  assert.equal(await curl(...sigv4(), address('/fixed')), '200');
  assert.equal(await curl(...sigv4(), address('/fixed?a=1&b=2')), '200');
  const body = 'the body';
  const hash = createHash('sha256').update(body).digest('hex');
  const withBody = ['-X', 'POST', '-H', `x-amz-content-sha256: ${hash}`];
  assert.equal(await curl(...sigv4(), ...withBody, '--data-binary', body, address('/fixed')), '200');
  assert.equal(await curl(...sigv4('another-secret-of-curl'), address('/fixed')), '401');
  assert.equal(await curl(address('/fixed')), '401');
});

test('a signature and a key that two filters and two ways ask for are one signature and one key', async () => {
  assert.equal(await curl(...sigv4(), address(`/ways?key=${apiKey}`)), '200');
  assert.equal(await curl(...sigv4(), address('/ways?key=another')), '401');
});

test('the same signature twice is refused whichever worker it comes to', async () => {
  let sent = '';
  // Records what curl sends, to send it again on separate connections.
  await new Promise<void>((resolve, reject) => {
    const args = ['-sS', '-v', '-o', '/dev/null', ...sigv4(), address('/fixed?once=1')];
    execFile('/usr/bin/curl', args, (error, _, err) => {
      sent = err;
      if (error === null) resolve();
      else reject(new Error(err));
    });
  });
  const field = (name: string) => new RegExp(`^> ${name}: (.*?)\\r?$`, 'im').exec(sent)?.[1] ?? '';
  const again = ['-H', `Authorization: ${field('authorization')}`, '-H', `X-Amz-Date: ${field('x-amz-date')}`];
  const codes = await Promise.all(Array.from({ length: 12 }, () => curl(...host, ...again, address('/fixed?once=1'))));
  assert.deepEqual(new Set(codes), new Set(['401']));
  assert.ok(!(gateway.stderr() + gateway.stdout()).includes(secret));
});

type Fields = readonly (readonly [name: string, value: string])[];

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();
let signed = 0;

/** The value that is signed for a field that occurs several times. */
function together(fields: Fields, name: string): string {
  return fields
    .filter(([each]) => each === name)
    .map(([, value]) => value)
    .join(name === 'cookie' ? '; ' : ',');
}

/** The fields with those of AWS Signature Version 4 added, for a GET without a body. */
function awsSigned(path: string, query: string, fields: Fields): Fields {
  // Each request has another second, so that none is a replay.
  const time = new Date(Date.now() - signed++ * 1_000).toISOString().replace(/[-:]|\.\d+/g, '');
  const all: Fields = [...fields, ['host', 'api.test'], ['x-amz-date', time]];
  const names = [...new Set(all.map(([name]) => name))].sort();
  const lines = names.map(name => `${name}:${together(all, name)}\n`).join('');
  const digest = (text: string) => createHash('sha256').update(text).digest('hex');
  const canonical = `GET\n${path}\n${query}\n${lines}\n${names.join(';')}\n${digest('')}`;
  const scope = `${time.slice(0, 8)}/eu-1/uploads/aws4_request`;
  const key = scope.split('/').reduce<string | Buffer>((before, part) => hmac(before, part), `AWS4${secret}`);
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest(canonical)}`).toString('hex');
  const credential = `Credential=AKACME1/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return [...fields, ['x-amz-date', time], ['authorization', `AWS4-HMAC-SHA256 ${credential}`]];
}

/** The fields with a message signature over these components. */
function messageSigned(components: Readonly<Record<string, string>>, fields: Fields = []): Fields {
  const names = Object.keys(components).map(name => `"${name}"`);
  const parameters = `(${names.join(' ')});created=${Math.floor(Date.now() / 1_000) - signed++};keyid="M"`;
  const lines = Object.entries(components).map(([name, value]) => `"${name}": ${value}\n`);
  const signature = hmac(sharedSecret, `${lines.join('')}"@signature-params": ${parameters}`).toString('base64');
  return [...fields, ['signature-input', `s=${parameters}`], ['signature', `s=:${signature}:`]];
}

function askHttp1(target: string, fields: Fields): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = ['host', 'api.test', ...fields.flat()];
    const request = httpRequest({ host: '127.0.0.1', port: gateway.port, path: target, headers, agent: false });
    request.on('response', response => resolve(response.resume().statusCode ?? 0));
    request.on('error', reject);
    request.end();
  });
}

test('over HTTP/2: the authority stands for Host, a cookie in pieces is one, and fields that come twice are joined', async t => {
  const session = connect(`http://127.0.0.1:${gateway.port}`);
  t.after(() => session.destroy());
  const statusOf = (path: string, fields: Fields) =>
    new Promise<number>((resolve, reject) => {
      const pseudo = [':method', 'GET', ':scheme', 'http', ':authority', 'api.test', ':path', path];
      const stream = session.request([...pseudo, ...fields.flat()], { endStream: true });
      stream.on('response', headers => resolve(headers[':status'] ?? 0));
      stream.on('error', reject);
      stream.resume();
    });
  const twice: Fields = [
    ['cookie', 'a=1'],
    ['cookie', 'b=2'],
    ['x-part', 'one'],
    ['x-part', 'two'],
  ];
  assert.equal(await statusOf('/fixed?a=1&b=2', awsSigned('/fixed', 'a=1&b=2', twice)), 200);
  assert.equal(await statusOf('/fixed?a=1&b=3', awsSigned('/fixed', 'a=1&b=2', twice)), 401);
  const covered = { '@method': 'GET', '@authority': 'api.test', '@path': '/messages', '@query': '?a=1' };
  const more = { host: 'api.test', '@target-uri': 'http://api.test/messages?a=1', '@request-target': '/messages?a=1' };
  const all = { ...covered, ...more, cookie: 'a=1; b=2', 'x-part': 'one, two' };
  assert.equal(await statusOf('/messages?a=1', messageSigned(all, twice)), 200);
  assert.equal(await statusOf('/messages?a=1', messageSigned({ ...all, cookie: 'a=1, b=2' }, twice)), 401);
});

test('the target of a request line with a whole URL in it is that URL', async () => {
  const url = 'http://api.test/messages?a=1';
  const covered = { '@method': 'GET', '@authority': 'api.test', '@path': '/messages', '@query': '?a=1' };
  assert.equal(await askHttp1(url, messageSigned({ ...covered, '@request-target': url })), 200);
  assert.equal(await askHttp1(url, messageSigned({ ...covered, '@request-target': '/messages?a=1' })), 401);
});

test('what was signed is the query that came, also where another filter has taken its key out of that', async () => {
  const components = (query: string) => ({
    '@method': 'GET',
    '@authority': 'api.test',
    '@path': '/behind',
    '@query': query,
  });
  const target = `/behind?key=${apiKey}&a=1`;
  assert.equal(await askHttp1(target, messageSigned(components(`?key=${apiKey}&a=1`))), 200);
  assert.equal(await askHttp1(target, messageSigned(components('?a=1'))), 401, 'nobody signed the key');
  assert.equal((await backend.seen()).at(-1)!.line, 'GET /behind?a=1 HTTP/1.1');
  assert.equal(await askHttp1(`/beside?key=${apiKey}`, awsSigned('/beside', `key=${apiKey}`, [])), 200);
});
