import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseTraceparent, traceContext } from './trace-context.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

test('a valid traceparent is read', () => {
  assert.deepEqual(parseTraceparent(`00-${TRACE}-${PARENT}-01`), { traceId: TRACE, parentId: PARENT, flags: 1 });
  assert.equal(parseTraceparent(`00-${TRACE}-${PARENT}-ff`)?.flags, 255);
  assert.equal(parseTraceparent(`cc-${TRACE}-${PARENT}-03`)?.flags, 3);
  assert.equal(parseTraceparent(`cc-${TRACE}-${PARENT}-01-what-the-future-will-be`)?.traceId, TRACE);
});

test('what the recommendation calls invalid is not', () => {
  const invalid = [
    '',
    `00-${TRACE}-${PARENT}`,
    `00-${TRACE}-${PARENT}-1`,
    `00-${TRACE}-${PARENT}-0g`,
    `00-${TRACE}-${PARENT}-01-`,
    `00-${TRACE}-${PARENT}-01-extra`,
    `00-${TRACE}-${PARENT}-01 `,
    ` 00-${TRACE}-${PARENT}-01`,
    `cc-${TRACE}-${PARENT}-01.what`,
    `cc-${TRACE}-${PARENT}-011`,
    `ff-${TRACE}-${PARENT}-01`,
    `0-${TRACE}-${PARENT}-011`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `00-${TRACE}-${PARENT.toUpperCase()}-01`,
    `0A-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00_${TRACE}_${PARENT}_01`,
    `00-${TRACE}-${PARENT}-01, 00-${TRACE}-${PARENT}-01`,
  ];
  for (const value of invalid) assert.equal(parseTraceparent(value), null, value);
});

test('parts that are valid come back as they went in; one changed letter never becomes another trace', () => {
  fc.assert(
    fc.property(
      hex(32),
      hex(16),
      hex(2),
      fc.nat({ max: 54 }),
      fc.string({ minLength: 1, maxLength: 1 }),
      (traceId, parentId, flags, at, letter) => {
        const value = `00-${traceId}-${parentId}-${flags}`;
        const zeros = /^0+$/.test(traceId) || /^0+$/.test(parentId);
        assert.deepEqual(
          parseTraceparent(value),
          zeros ? null : { traceId, parentId, flags: Number.parseInt(flags, 16) },
        );
        const changed = parseTraceparent(value.slice(0, at) + letter + value.slice(at + 1));
        if (changed !== null) assert.match(letter, /[0-9a-f-]/);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a trace is continued: its id stays, the span is new, unknown flags are cleared', () => {
  const context = traceContext(`00-${TRACE}-${PARENT}-ff`);
  assert.equal(context.traceId, TRACE);
  assert.equal(context.parentId, PARENT);
  assert.match(context.spanId, /^[0-9a-f]{16}$/);
  assert.notEqual(context.spanId, PARENT);
  assert.equal(context.traceparent, `00-${TRACE}-${context.spanId}-03`);
  assert.equal(context.keepTracestate, true);
  assert.equal(traceContext(`cc-${TRACE}-${PARENT}-00-more`).traceparent.slice(0, 2), '00');
  assert.equal(traceContext(`00-${TRACE}-${PARENT}-00`).traceparent.slice(-2), '00');
});

test('without a valid one a trace begins, and tracestate is not to be trusted', () => {
  for (const received of [undefined, 'nonsense']) {
    const context = traceContext(received);
    assert.equal(parseTraceparent(context.traceparent)?.traceId, context.traceId);
    assert.equal(parseTraceparent(context.traceparent)?.parentId, context.spanId);
    assert.equal(context.traceparent.slice(-2), '03');
    assert.equal(context.parentId, '');
    assert.equal(context.keepTracestate, false);
  }
  assert.equal(traceContext(undefined, false).traceparent.slice(-2), '02');
});
