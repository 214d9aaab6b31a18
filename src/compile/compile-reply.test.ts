import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileReply } from './compile-reply.ts';

test('values of fields are the bytes of their UTF-8', () => {
  // Cut to its low byte, `Ċ` (U+010A) would be a line feed after the A.
  const { headers } = compileReply({
    status: 200,
    headers: [
      { name: 'x-city', value: 'Città' },
      { name: 'x-other', value: 'AĊB' },
    ],
    body: '',
  });
  assert.deepEqual(headers, [
    ['x-city', Buffer.from('Città').toString('latin1')],
    ['x-other', Buffer.from('AĊB').toString('latin1')],
  ]);
});
