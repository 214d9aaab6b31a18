import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldPairs, packAnswer, unpackAnswer } from './packed-answer.ts';

test('an answer comes back with its fields, but for those that are left, and with all of their bytes', () => {
  // Bytes as latin1: the last byte of the last letter is a space to JavaScript.
  const city = Buffer.from('Città').toString('latin1');
  const headers = fieldPairs(`X-City: ${city}\r\nDate: now\r\nX-Empty: \r\n`, new Set(['date']));
  const bytes = packAnswer({ status: 200, headers }, [Buffer.from('a'), Buffer.from('b')]);
  const { head, body } = unpackAnswer(Buffer.from(bytes!));
  assert.deepEqual(head, {
    status: 200,
    headers: [
      ['X-City', city],
      ['X-Empty', ''],
    ],
  });
  assert.equal(body.toString(), 'ab');
});
