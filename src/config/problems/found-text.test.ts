import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { checkValue } from './schema-problems.ts';

function messagesOf(schema: z.ZodType, value: unknown): string[] {
  const checked = checkValue(schema, value);
  assert.equal(checked.ok, false);
  return checked.ok ? [] : checked.problems.map(({ message }) => message);
}

const day = z.string().regex(/^[0-9-]{10}$/, 'expected a day');
const by = z.union([z.enum(['ip', 'consumer']), z.strictObject({ header: z.string() })], {
  error: 'expected ip, consumer or { header: NAME }',
});

test('a schema’s own sentence ends with what was found', () => {
  assert.deepEqual(messagesOf(z.strictObject({ from: day }), { from: 'soon' }), ['expected a day, found "soon"']);
  assert.deepEqual(messagesOf(z.strictObject({ from: z.int('expected a count') }), { from: 1.5 }), [
    'expected a count, found 1.5',
  ]);
});

test('of a union with names the nearest is told', () => {
  assert.deepEqual(messagesOf(z.strictObject({ by }), { by: 'consmer' }), [
    'expected ip, consumer or { header: NAME }, found "consmer"; did you mean "consumer"?',
  ]);
  assert.deepEqual(messagesOf(z.strictObject({ by }), { by: 'x:y:z' }), [
    'expected ip, consumer or { header: NAME }, found "x:y:z"',
  ]);
});

test('what is not there is told as missing, by its name', () => {
  assert.deepEqual(messagesOf(z.strictObject({ by }), {}), [
    '`by` is missing: expected ip, consumer or { header: NAME }',
  ]);
});

test('of a map’s key the key is told, and not what stands under it', () => {
  const names = z.record(z.string().regex(/^[a-z]+$/, 'expected a name'), z.string());
  assert.deepEqual(messagesOf(names, { 'a b': 'value' }), ['expected a name, found "a b"']);
});

test('a sentence that tells what was found is left as it is', () => {
  const either = z.string().refine(() => false, 'expected one of both, found neither');
  assert.deepEqual(messagesOf(either, 'x'), ['expected one of both, found neither']);
});

test('what could be secret is not repeated', () => {
  const text = (key: string) => z.strictObject({ [key]: z.string().regex(/^never$/, 'expected another') });
  for (const key of ['hash', 'secret', 'password', 'key', 'keys', 'publicPem', 'url', 'token', 'salt'])
    assert.deepEqual(messagesOf(text(key), { [key]: 's3cret' }), ['expected another'], key);
  for (const [value, kind] of [
    ['s3cret', 'a list'],
    [['s3cret'], 'text'],
  ] as const) {
    const schema = kind === 'text' ? z.string() : z.array(z.string()).max(2);
    const found = kind === 'text' ? 'a list' : 'text';
    assert.deepEqual(messagesOf(z.strictObject({ keys: schema }), { keys: value }), [
      `expected ${kind}, found ${found}`,
    ]);
  }
  const inside = z.strictObject({ keys: z.array(day) });
  assert.deepEqual(messagesOf(inside, { keys: ['s3cret'] }), ['expected a day']);
  assert.deepEqual(messagesOf(text('endpoint'), { endpoint: 'http://user:s3cret@host' }), ['expected another']);
});
