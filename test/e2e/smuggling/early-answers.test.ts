// A backend that answers before it has the whole request: the rest of that request must not become the next one.

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { hasAnswers, readAnswers } from '../../support/answers.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { sendRaw } from '../../support/raw-client.ts';

const hidden = 'GET /smuggled HTTP/1.1\r\nHost: gateway.test\r\n\r\n';
const plain = 'GET /plain HTTP/1.1\r\nHost: gateway.test\r\n\r\n';

const bodies: readonly [string, string, string][] = [
  ['a length', `Content-Length: ${hidden.length}`, hidden],
  ['chunks', 'Transfer-Encoding: chunked', `${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`],
];

describe('early answers', () => {
  const seen: string[] = [];
  let backend: Server;
  let gateway: RunningGateway;
  before(async () => {
    backend = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      request.on('error', () => {});
      // Answers at once; `/early/unread` never reads the body, `/early/read` reads and discards it.
      if (request.url !== '/early/unread') request.resume();
      response.end('answer');
    });
    const port = await listeningPort(backend);
    gateway = await startGateway(`accessLog: { path: off }
upstreams:
  backend: { endpoints: ["http://127.0.0.1:${port}"], pool: { maxConnections: 1 } }
routes:
  - { name: all, match: { path: /* }, public: true, to: backend }
`);
  });
  after(async () => {
    await gateway?.stop();
    backend?.closeAllConnections();
    backend?.close();
  });

  for (const path of ['/early/read', '/early/unread']) {
    for (const [framing, field, body] of bodies) {
      test(`${path}, the body with ${framing} sent behind the answer`, async () => {
        seen.length = 0;
        const request = `POST ${path} HTTP/1.1\r\nHost: gateway.test\r\n${field}\r\n\r\n`;
        const { received, closed } = await sendRaw(gateway.port, [request, body, plain], {
          pauseMs: 80,
          timeoutMs: 2_000,
          enough: hasAnswers(2),
        });
        const answers = readAnswers(received, [], closed);
        assert.equal(answers[0]?.status, 200);
        // Either the second request is answered, or the connection ended with the first response: both are sound.
        assert.ok(answers.length === 2 || closed, 'neither an answer nor an end');
        const other = await sendRaw(gateway.port, [plain], { enough: hasAnswers(1) });
        assert.deepEqual(
          readAnswers(other.received).map(answer => [answer.status, answer.body]),
          [[200, 'answer']],
        );
        assert.ok(!seen.some(line => line.includes('/smuggled')), seen.join(', '));
        assert.equal(seen.filter(line => line.startsWith('POST')).length, 1);
        assert.equal(seen.filter(line => line === 'GET /plain').length, answers.length);
      });
    }
  }

  test('a client that stops in the middle of its body leaves nothing behind for the next', async () => {
    seen.length = 0;
    const request = `POST /early/read HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 1000\r\n\r\n${hidden}`;
    await sendRaw(gateway.port, [request], { timeoutMs: 200 });
    const { received } = await sendRaw(gateway.port, [plain], { enough: hasAnswers(1) });
    assert.deepEqual(
      readAnswers(received).map(answer => [answer.status, answer.body]),
      [[200, 'answer']],
    );
    assert.ok(!seen.some(line => line.includes('/smuggled')), seen.join(', '));
  });
});
