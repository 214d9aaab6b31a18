// Requests by consumer on the metrics page, over two workers: as many series as configured, and none where the setting is off.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { startGateway } from '../../support/gateway.ts';

const names = ['one', 'two', 'three'];
const keyOf = (name: string) => `ck_key-of-${name}`;
const consumers = names
  .map(
    name =>
      `  - { name: ${name}, keys: [{ id: k, hash: "sha256:${createHash('sha256').update(keyOf(name)).digest('hex')}" }] }`,
  )
  .join('\n');
const document = (metrics: string) => `admin: { address: "127.0.0.1:{{adminPort}}" }
listeners: [{ address: "127.0.0.1:{{port}}" }]
accessLog: { path: "off" }
${metrics}consumers:
${consumers}
routes:
  - { name: key, match: { path: /key }, filters: [{ apiKey: {} }], to: { reply: { status: 200, body: in } } }
  - { name: open, match: { path: /open }, public: true, to: { reply: { status: 200 } } }
`;

async function seriesOf(metrics: string): Promise<string[]> {
  const gateway = await startGateway(document(metrics), { workers: 2 });
  try {
    const ask = async (path: string, key?: string) =>
      (
        await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
          headers: { connection: 'close', ...(key !== undefined && { 'x-api-key': key }) },
        })
      ).status;
    for (const name of names) {
      for (let n = 0; n < 8; n++) assert.equal(await ask('/key', keyOf(name)), 200);
    }
    assert.equal(await ask('/key', 'ck_wrong'), 401);
    assert.equal(await ask('/open'), 200);
    const page = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
    return page.split('\n').filter(line => /^cardea_consumer_requests_total\{/.test(line) && !line.endsWith(' 0'));
  } finally {
    await gateway.stop();
  }
}

test('the first two have series of their own, the third shares', async () => {
  assert.deepEqual((await seriesOf('metrics: { consumers: 2 }\n')).sort(), [
    'cardea_consumer_requests_total{consumer="one",class="2xx"} 8',
    'cardea_consumer_requests_total{consumer="other",class="2xx"} 8',
    'cardea_consumer_requests_total{consumer="two",class="2xx"} 8',
  ]);
});

test('nobody is counted where nobody asked', async () => {
  assert.deepEqual(await seriesOf(''), []);
});
