// What is secret in the configuration of identity filters, and in what clients send, is shown nowhere: logs, admin endpoint, refusals.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { hashPassword } from '../../../src/base/password-hash.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';

const password = 'correct-horse-battery';
const apiKey = 'ck_the-key-of-this-test';
const awsSecret = 'the-aws-secret-of-this-test';
const sharedSecret = 'the-shared-secret-of-this-test';
let hash = '';
let gateway: RunningGateway;

before(async () => {
  hash = await hashPassword(password);
  gateway = await startGateway(
    `consumers:
  - name: acme
    keys: [{ id: k1, hash: "sha256:${createHash('sha256').update(apiKey).digest('hex')}" }]
accessLog: { path: stdout }
routes:
  - name: basic
    match: { path: /basic }
    filters: [{ basic: { users: [{ name: ann, password: "${hash}", consumer: acme }] } }]
    to: { reply: { status: 204 } }
  - name: key
    match: { path: /key }
    filters: [{ apiKey: { from: [{ header: x-api-key }, { query: k }] } }]
    to: { reply: { status: 204 } }
  - name: aws
    match: { path: /aws }
    filters: [{ signature: { scheme: aws4, region: r, service: s, keys: [{ id: AK1, secret: ${awsSecret} }] } }]
    to: { reply: { status: 204 } }
  - name: message
    match: { path: /message }
    filters: [{ signature: { scheme: rfc9421, keys: [{ id: k, algorithm: hmac-sha256, secret: ${sharedSecret} }] } }]
    to: { reply: { status: 204 } }
`,
    { workers: 2 },
  );
});
after(() => gateway?.stop());

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

async function ask(path: string, headers: Record<string, string> = {}): Promise<{ status: number; text: string }> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    headers: { ...headers, connection: 'close' },
  });
  return { status: answer.status, text: `${await answer.text()}${JSON.stringify([...answer.headers])}` };
}

test('good credentials pass, wrong ones do not, and nobody shows either', async () => {
  const wrong = 'wrong-password-of-this-test';
  const answers = [
    await ask('/basic', basic(`ann:${password}`)),
    await ask('/basic', basic(`ann:${wrong}`)),
    await ask('/key', { 'x-api-key': apiKey }),
    await ask(`/key?k=${apiKey}`),
    await ask(`/key?k=${wrong}`),
    await ask('/aws', { authorization: `AWS4-HMAC-SHA256 ${wrong}` }),
    await ask('/message', { 'signature-input': `sig=("@method");keyid="${wrong}"`, signature: 'sig=:aGk=:' }),
  ];
  assert.deepEqual(
    answers.map(({ status }) => status),
    [204, 401, 204, 204, 401, 401, 401],
  );
  const pages = await Promise.all(
    ['/config', '/routes', '/metrics', '/health/ready'].map(async path =>
      (await fetch(`http://127.0.0.1:${gateway.adminPort}${path}`)).text(),
    ),
  );
  await gateway?.stop();
  const shown = [...answers.map(({ text }) => text), ...pages, gateway.stderr(), gateway.stdout()].join('\n');
  assert.match(gateway.stdout(), /"\/key"/, 'the access log was written');
  for (const secret of [password, wrong, apiKey, awsSecret, sharedSecret, hash, hash.split('$').at(-1)!])
    assert.ok(!shown.includes(secret), `${secret} is shown`);
  for (const [field] of [basic(`ann:${password}`).authorization, basic(`ann:${wrong}`).authorization].map(text => [
    text.slice(6),
  ]))
    assert.ok(!shown.includes(field));
});
