// The timeouts of single routes take the place of their upstream's, in both directions: longer, shorter, and none.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const PAUSE_MS = 700;

/** Waits before the head, then as long in the middle of the body, by the word at the end of the path. */
const backend = createServer(async (request, response) => {
  const where = request.url!.split('/').at(-1);
  if (where === 'head') await delay(PAUSE_MS);
  response.write('first ');
  if (where === 'body') await delay(PAUSE_MS);
  response.end('last');
});

let gateway: RunningGateway;

before(async () => {
  const port = await listeningPort(backend);
  const endpoints = `endpoints: ["http://127.0.0.1:${port}"]`;
  gateway = await startGateway(`upstreams:
  quick: { ${endpoints}, timeout: 400ms, responseTimeout: 300ms, idleTimeout: 300ms }
  slow: { ${endpoints}, responseTimeout: 5s, idleTimeout: 5s }
routes:
  - { name: quick, match: { path: /quick/* }, to: quick }
  - { name: report, match: { path: /report/* }, to: quick, timeout: 0s, responseTimeout: 5s }
  - { name: stream, match: { path: /stream/* }, to: quick, timeout: 5s, idleTimeout: 5s }
  - { name: slow, match: { path: /slow/* }, to: slow }
  - { name: short, match: { path: /short/* }, to: slow, responseTimeout: 300ms, idleTimeout: 300ms }
`);
});

after(async () => {
  await gateway.stop();
  backend.closeAllConnections();
  backend.close();
});

/** The body, the code of a refusal, or `cut` for a response that broke off. */
async function outcome(path: string): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${gateway.port}${path}`);
  const text = await answer.text().catch(() => 'cut');
  return answer.ok ? text : JSON.parse(text).code;
}

for (const [path, expected] of [
  ['/quick/head', 'upstream_response_timeout'],
  ['/quick/body', 'cut'],
  ['/report/head', 'first last'],
  ['/report/body', 'cut'],
  ['/stream/head', 'upstream_response_timeout'],
  ['/stream/body', 'first last'],
  ['/slow/head', 'first last'],
  ['/slow/body', 'first last'],
  ['/short/head', 'upstream_response_timeout'],
  ['/short/body', 'cut'],
] as const) {
  test(`${path}: ${expected}`, async () => assert.equal(await outcome(path), expected));
}
