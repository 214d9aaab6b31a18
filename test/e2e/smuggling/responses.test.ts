// Responses that a backend should not send: malformed or ambiguous ones become 502 or a message that is recognisably incomplete.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hasAnswers, readAnswers } from '../../support/answers.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { sendRaw } from '../../support/raw-client.ts';
import { type ScriptedBackend, startScriptedBackend } from '../../support/scripted-backend.ts';
import { responseCases } from './cases/responses.ts';

describe('answers of a backend', () => {
  let backend: ScriptedBackend;
  let gateway: RunningGateway;
  const plain = responseCases.length;
  before(async () => {
    backend = await startScriptedBackend([
      ...responseCases.map(({ bytes, keepOpen }) => ({
        bytes: Buffer.from(bytes, 'latin1'),
        keepOpen: keepOpen ?? false,
      })),
      { bytes: Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nplain'), keepOpen: true },
    ]);
    gateway = await startGateway(`accessLog: { path: off }
upstreams:
  backend: { endpoints: ["http://127.0.0.1:${backend.port}"], pool: { maxConnections: 1 } }
routes:
  - { name: all, match: { path: /* }, public: true, to: backend }
`);
  });
  after(async () => {
    await gateway?.stop();
    await backend?.stop();
  });

  for (const [at, { name, method = 'GET', expect, body }] of responseCases.entries()) {
    test(name, async () => {
      const { received, closed } = await sendRaw(
        gateway.port,
        [`${method} /script/${at} HTTP/1.1\r\nHost: gateway.test\r\n\r\n`],
        {
          timeoutMs: 5_000,
          enough: hasAnswers(1, [method]),
        },
      );
      assert.ok(!received.includes('poison') && !received.includes('evil'), received.toString('latin1'));
      const finals = readAnswers(received, [method], closed).filter(
        answer => answer.status >= 200 || answer.status === 101,
      );
      assert.ok(finals.length <= 1, 'two answers to one request');
      const [final] = finals;
      if (expect === 'refused') assert.equal(final?.status, 502);
      else if (expect === 'aborted')
        assert.ok(
          final === undefined ? closed : final.status === 502 || (!final.complete && closed),
          JSON.stringify(final),
        );
      else assert.deepEqual([final?.status, final?.body, final?.complete], [expect, body, true]);
      const next = await sendRaw(gateway.port, [`GET /script/${plain} HTTP/1.1\r\nHost: gateway.test\r\n\r\n`], {
        enough: hasAnswers(1),
      });
      assert.deepEqual(
        readAnswers(next.received).map(answer => [answer.status, answer.body]),
        [[200, 'plain']],
        'the next client got what was not meant for it',
      );
    });
  }

  test('the operator hears which rule was broken, each once', () => {
    const told = Array.from(
      gateway.stderr().matchAll(/"message":"an answer of an endpoint is not passed on".*"reason":"([^"]+)"/g),
      ([, reason]) => reason,
    );
    assert.equal(new Set(told).size, told.length);
    for (const rule of [
      /^Content-Length and Transfer-Encoding are both/,
      /^A chunk size/,
      /^It does not begin with a status line/,
    ])
      assert.ok(
        told.some(reason => rule.test(reason ?? '')),
        `${rule} among ${told.join(' | ')}`,
      );
  });
});
