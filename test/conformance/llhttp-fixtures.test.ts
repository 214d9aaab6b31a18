// llhttp's fixtures against our parsers: we refuse what its strict parser refuses; where we refuse more, differences.md says why.

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { nodeReadsRequests, nodeReadsResponses } from '../fuzz/node-reading.ts';
import { sameHeaders } from '../fuzz/same-headers.ts';
import { type Reading, readRequests, readResponses } from './adapter.ts';
import { loadDifferences } from './differences.ts';
import { type Fixture, loadFixtures } from './llhttp-fixtures.ts';
import { repaired } from './repair.ts';

const fixtures = loadFixtures();
const differences = loadDifferences();
const strict = fixtures.filter(fixture => !fixture.lenient);

function ours(fixture: Fixture, bytes: Buffer): Reading {
  return fixture.direction === 'request' ? readRequests([bytes]) : readResponses([bytes], [], true);
}

/** `response-*` logs do not know that the server closed the connection: a body without a length is incomplete there and complete here. */
function completeMessages(reading: Reading): number {
  return reading.messages.filter(message => message.complete).length;
}

/** Considers final responses only: `node:http` does not report interim ones as messages. */
function refuses(fixture: Fixture, reading: Reading): boolean {
  if (reading.error !== null) return true;
  // Data after a message that closes the connection: the message is accepted, and the rest is not read.
  return fixture.messages.length > 0 && completeMessages(reading) === fixture.messages.length && reading.rest !== '';
}

test('the corpus is whole', () => {
  assert.equal(fixtures.length, 251);
  assert.equal(new Set(fixtures.map(fixture => fixture.id)).size, fixtures.length);
  assert.equal(strict.filter(fixture => fixture.verdict === 'reject').length, 79);
});

describe('what the strict reading refuses, we refuse, as written and repaired', () => {
  for (const fixture of strict.filter(candidate => candidate.verdict === 'reject')) {
    test(fixture.id, () => {
      const literal = ours(fixture, fixture.input);
      assert.ok(refuses(fixture, literal), `accepted: ${JSON.stringify(literal)}`);
      const reading = ours(fixture, repaired(fixture));
      assert.ok(refuses(fixture, reading), `accepted once repaired: ${JSON.stringify(reading)}`);
      assert.notEqual(reading.error, 'invalid_host', 'refused for its Host, not for what it shows');
      assert.ok(completeMessages(reading) <= fixture.messages.length, 'read more messages than llhttp');
    });
  }
});

describe('what the strict reading accepts, we read alike or list', () => {
  for (const fixture of strict.filter(candidate => candidate.verdict !== 'reject')) {
    test(fixture.id, () => {
      const reading = ours(fixture, repaired(fixture));
      const listed = differences.fixtures.get(fixture.id);
      if (listed !== undefined) {
        assert.notEqual(reading.error, null, `listed as ${listed} in differences.md, yet accepted: take the line out`);
        return;
      }
      assert.equal(reading.error, null, `refused; fix it or list it in differences.md: ${JSON.stringify(reading)}`);
      if (fixture.partial) return;
      const final = reading.messages.filter(message => message.complete || fixture.direction === 'request');
      for (const [at, expected] of fixture.messages.entries()) {
        const message = final[at];
        assert.ok(message !== undefined, `message ${at} was not read`);
        assert.equal(message.method, expected.method);
        if (fixture.direction === 'request') assert.equal(message.target, originForm(expected.target));
        else assert.equal(message.status, expected.status);
        assert.equal(message.body, expected.body);
        const hosted = expected.headers.some(([name]) => name.toLowerCase() === 'host');
        const headers = message.headers.filter(([name]) => name !== 'Host' || hosted);
        assert.deepEqual(sameHeaders(expected.headers, headers), null);
      }
    });
  }
});

describe('what needs leniency, we never take further than the strict reading of the same bytes', () => {
  const lenient = fixtures.filter(fixture => fixture.lenient);
  const verdicts = new Map<string, { error: string | null; count: number }>();
  before(async () => {
    for (const fixture of lenient) {
      const bytes = repaired(fixture);
      const [reading] =
        fixture.direction === 'request'
          ? await nodeReadsRequests([bytes])
          : await nodeReadsResponses([{ bytes, method: 'GET' }]);
      const count = reading!.messages.filter(message => message.complete).length;
      verdicts.set(fixture.id, { error: reading!.error, count });
    }
  });
  for (const fixture of lenient) {
    test(fixture.id, () => {
      const reading = ours(fixture, repaired(fixture));
      const strictly = verdicts.get(fixture.id)!;
      if (strictly.error?.startsWith('HPE_'))
        assert.ok(reading.error !== null || reading.rest !== '', JSON.stringify(reading));
      assert.ok(completeMessages(reading) <= Math.max(strictly.count, 1), JSON.stringify(reading));
    });
  }
});

test('differences.md lists no fixture that does not exist', () => {
  const ids = new Set(fixtures.map(fixture => fixture.id));
  for (const id of differences.fixtures.keys()) assert.ok(ids.has(id), id);
});

/** Path and query as we keep them: scheme and authority are split off, and `repaired` has removed fragments. */
function originForm(target: string): string {
  const rest = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/, '');
  return rest.startsWith('/') || rest === '*' ? rest : `/${rest}`;
}
