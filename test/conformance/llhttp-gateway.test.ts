// llhttp's fixtures through the running gateway: a message that its strict mode refuses is not passed on, in either direction.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { hasAnswers, readAnswers } from '../support/answers.ts';
import type { Backend } from '../support/backend.ts';
import { type RunningGateway, startGateway } from '../support/gateway.ts';
import { startNodeBackend } from '../support/node-backend.ts';
import { sendRaw } from '../support/raw-client.ts';
import { type ScriptedBackend, startScriptedBackend } from '../support/scripted-backend.ts';
import { loadDifferences } from './differences.ts';
import { type Fixture, loadFixtures } from './llhttp-fixtures.ts';
import { repaired } from './repair.ts';

const fixtures = loadFixtures();
const differences = loadDifferences();

function config(port: number): string {
  return `accessLog: { path: off }
upstreams:
  backend: { endpoints: ["http://127.0.0.1:${port}"] }
routes:
  - { name: all, match: { path: /* }, public: true, to: backend }
`;
}

describe('requests', () => {
  let backend: Backend;
  let gateway: RunningGateway;
  before(async () => {
    backend = await startNodeBackend();
    gateway = await startGateway(config(backend.port));
  });
  after(async () => {
    await gateway?.stop();
    await backend?.stop();
  });

  const refused = fixtures.filter(
    ({ direction, lenient, verdict }) => direction === 'request' && !lenient && verdict === 'reject',
  );

  for (const [how, bytesOf] of [
    ['as written', (fixture: Fixture) => fixture.input],
    ['repaired', repaired],
  ] as const) {
    for (const fixture of refused) {
      test(`${how}: ${fixture.id}`, async () => {
        const before = (await backend.seen()).length;
        const { received, closed } = await sendRaw(gateway.port, [bytesOf(fixture)], {
          timeoutMs: 3_000,
          halfClose: true,
          enough: hasAnswers(fixture.messages.length + 1),
        });
        const answers = readAnswers(received, [], closed);
        const seen = (await backend.seen()).slice(before);
        const whole = seen.filter(request => request.complete);
        assert.ok(whole.length <= fixture.messages.length, `the backend saw ${JSON.stringify(seen)}`);
        const last = answers.at(-1);
        if (fixture.messages.length === 0)
          assert.ok(last !== undefined && last.status >= 400, `answered ${JSON.stringify(answers)}`);
        assert.ok(closed, 'the connection stays open');
      });
    }
  }

  test('a request that is right passes', async () => {
    const { received } = await sendRaw(gateway.port, ['GET / HTTP/1.1\r\nHost: a\r\n\r\n'], { enough: hasAnswers(1) });
    assert.equal(readAnswers(received)[0]?.status, 200);
  });
});

describe('responses', () => {
  const responses = fixtures.filter(({ direction, lenient }) => direction === 'response' && !lenient);
  let backend: ScriptedBackend;
  let gateway: RunningGateway;
  before(async () => {
    backend = await startScriptedBackend(responses.map(fixture => ({ bytes: fixture.input })));
    gateway = await startGateway(config(backend.port));
  });
  after(async () => {
    await gateway?.stop();
    await backend?.stop();
  });

  for (const [at, fixture] of responses.entries()) {
    test(fixture.id, async () => {
      const { received, closed } = await sendRaw(gateway.port, [`GET /script/${at} HTTP/1.1\r\nHost: a\r\n\r\n`], {
        timeoutMs: 3_000,
        enough: hasAnswers(1),
      });
      const answers = readAnswers(received, ['GET'], closed);
      const final = answers.find(answer => answer.status >= 200 || answer.status === 101);
      // No final response in the fixture: only messages before the refused one, or before the end of the connection, may be passed on.
      const first = fixture.messages.find(message => message.status >= 200 || message.status === 101);
      if (fixture.verdict === 'reject' && first === undefined) {
        assert.ok(final === undefined || final.status === 502 || !final.complete, JSON.stringify(answers));
      } else if (
        first === undefined ||
        first.status === 101 ||
        fixture.partial ||
        differences.fixtures.has(fixture.id)
      ) {
        assert.ok(final === undefined || final.status < 600);
      } else {
        assert.equal(final?.status, first.status, JSON.stringify(answers));
        assert.equal(final.body, first.body);
        assert.ok(final.complete);
      }
      assert.equal(
        answers.filter(answer => answer.status >= 200).length,
        final === undefined || final.status === 101 ? 0 : 1,
        'more than one answer to one request',
      );
    });
  }
});
