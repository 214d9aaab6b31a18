// Requests signed by curl, which nobody here wrote, and replays over two workers of a real gateway.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNodeBackend } from '../../support/node-backend.ts';

const secret = 'a-secret-of-curl-s-own';
const apiKey = 'ck_of_acme_which_nobody_guesses';
let gateway: RunningGateway;
let backend: Awaited<ReturnType<typeof startNodeBackend>>;

before(async () => {
  backend = await startNodeBackend();
  const keys = `[{ id: AKACME1, consumer: acme, secret: ${secret} }]`;
  const signature = `signature: { scheme: aws4, region: eu-1, service: uploads, failedLogins: off, keys: ${keys} }`;
  const hash = createHash('sha256').update(apiKey).digest('hex');
  gateway = await startGateway(
    `upstreams: { backend: { endpoints: ["http://127.0.0.1:${backend.port}"] } }
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

// Because: Debian's curl 7.88 leaves the port out of the host that it signs; a Host of its own has none.
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
  // What curl would send, taken down: it is sent again, by connections of their own.
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
