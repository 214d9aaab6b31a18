// What is reported of two responses: where they differ, never their values.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { Headers } from '../../http/headers.ts';
import { AnswerRecord } from './answer-record.ts';
import { type Comparison, compareAnswers } from './compare-answers.ts';

const comparison: Comparison = {
  headers: ['content-type', 'etag'],
  body: true,
  ignore: new Set(['$.time', '$.items[*].id']),
  bodyBytesMax: 1_000,
};

function answer(body: unknown, status = 200, etag = 'a', complete = true): AnswerRecord {
  const headers = Headers.empty();
  headers.append('ETag', etag);
  const record = new AnswerRecord(status, headers, comparison.headers, comparison.bodyBytesMax);
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  record.push(bytes, 0, bytes.length);
  record.complete = complete;
  return record;
}

test('equal values are equal, whatever their order and the places that may differ', () => {
  const live = answer({
    a: 1,
    time: 1,
    items: [
      { id: 1, n: 'x' },
      { id: 2, n: 'y' },
    ],
  });
  const copy = answer({
    time: 2,
    items: [
      { n: 'x', id: 8 },
      { n: 'y', id: 9 },
    ],
    a: 1,
  });
  assert.deepEqual(compareAnswers(live, copy, comparison), []);
});

test('a difference is told by its place', () => {
  assert.deepEqual(compareAnswers(answer({}, 200), answer({}, 500), comparison), [
    { kind: 'status', where: '200 and 500' },
  ]);
  assert.deepEqual(
    compareAnswers(answer({ a: { b: 'secret' } }), answer({ a: { b: 'other', c: 1 } }, 200, 'b'), comparison),
    [
      { kind: 'headers', where: 'etag' },
      { kind: 'body', where: '$.a.b, $.a.c' },
    ],
  );
  assert.deepEqual(compareAnswers(answer([1, 2]), answer([1]), comparison), [{ kind: 'body', where: '$.length' }]);
  assert.deepEqual(compareAnswers(answer('text'), answer('other'), comparison), [{ kind: 'body', where: '$' }]);
});

test('what is not whole, or too large, is not compared', () => {
  assert.equal(compareAnswers(answer({}), answer({}, 200, 'a', false), comparison), null);
  assert.equal(compareAnswers(answer('x'.repeat(1_001)), answer('x'), comparison), null);
});

test('any two JSON values: told to be equal exactly when they are', () => {
  const all = { ...comparison, ignore: new Set<string>(), bodyBytesMax: 1_000_000 };
  const record = (value: unknown) => {
    const made = new AnswerRecord(200, Headers.empty(), [], all.bodyBytesMax);
    const bytes = Buffer.from(JSON.stringify(value));
    made.push(bytes, 0, bytes.length);
    made.complete = true;
    return made;
  };
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), fc.jsonValue({ maxDepth: 4 }), (a, b) => {
      const plain = [a, b].map(each => JSON.parse(JSON.stringify(each)) as unknown);
      let same = true;
      try {
        assert.deepEqual(plain[0], plain[1]);
      } catch {
        same = false;
      }
      assert.equal(compareAnswers(record(a), record(b), all)?.length === 0, same);
      assert.deepEqual(compareAnswers(record(a), record(a), all), []);
    }),
  );
});

test('bodies are compared by what they hold, in whichever coding they came', () => {
  const coded = (body: Buffer, coding: string, bytesMax = comparison.bodyBytesMax) => {
    const headers = Headers.from([
      ['content-encoding', coding],
      ['etag', 'a'],
    ]);
    const record = new AnswerRecord(200, headers, comparison.headers, bytesMax);
    record.push(body, 0, body.length);
    record.complete = true;
    return record;
  };
  const text = (time: number, a: number) => Buffer.from(JSON.stringify({ time, a }));
  const zipped = coded(gzipSync(text(1, 1)), 'gzip');
  assert.deepEqual(compareAnswers(zipped, coded(gzipSync(text(2, 1)), 'GZIP'), comparison), []);
  assert.deepEqual(compareAnswers(zipped, coded(brotliCompressSync(text(1, 1)), 'br'), comparison), []);
  assert.deepEqual(compareAnswers(zipped, answer({ time: 1, a: 1 }), comparison), []);
  const differs = [{ kind: 'body', where: '$.a' }];
  assert.deepEqual(compareAnswers(zipped, coded(zstdCompressSync(text(1, 2)), 'zstd'), comparison), differs);
  const large = gzipSync(JSON.stringify({ a: 'x'.repeat(2_000) }));
  for (const [body, coding] of [
    [large, 'gzip'],
    [text(1, 1), 'gzip'],
    [text(1, 1), 'aws-chunked'],
  ] as const)
    assert.equal(compareAnswers(zipped, coded(body, coding), comparison), null, 'nobody can tell');
  assert.deepEqual(compareAnswers(coded(large, 'x'), coded(large, 'x'), comparison), [], 'the same bytes');
});
