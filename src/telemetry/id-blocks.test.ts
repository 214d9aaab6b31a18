import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ID_BLOCK_BYTES, ID_DIGITS, IdBlocks, REQUEST_ID_AT, TRACE_ID_AT } from './id-blocks.ts';
import { parseTraceparent } from './trace-context.ts';

test('a block is two field lines with valid, fresh ids, also over batches', () => {
  const blocks = new IdBlocks();
  const seen = new Set<string>();
  for (let i = 0; i < 1_000; i++) {
    const at = blocks.take();
    const { bytes } = blocks.batch;
    const text = bytes.toString('latin1', at, at + ID_BLOCK_BYTES);
    const match = /^X-Request-Id: ([0-9a-f]{32})\r\ntraceparent: (.{55})\r\n$/.exec(text);
    assert.ok(match !== null, text);
    const parent = parseTraceparent(match[2]!);
    assert.ok(parent !== null, text);
    assert.equal(bytes.toString('latin1', at + REQUEST_ID_AT, at + REQUEST_ID_AT + ID_DIGITS), match[1]);
    assert.equal(bytes.toString('latin1', at + TRACE_ID_AT, at + TRACE_ID_AT + ID_DIGITS), parent.traceId);
    for (const id of [match[1]!, parent.traceId, parent.parentId]) {
      assert.ok(!seen.has(id), 'never twice');
      seen.add(id);
    }
  }
});

test('a batch is not written again while someone holds it', () => {
  const blocks = new IdBlocks();
  const at = blocks.take();
  const { bytes } = blocks.batch;
  const before = Buffer.from(bytes);
  for (let i = 0; i < 500; i++) blocks.take();
  assert.deepEqual(bytes, before);
  assert.equal(at, 0);
});
