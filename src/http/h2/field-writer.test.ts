// Writing fields that are text: those of settled heads, and those that filters add.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FieldWriter, leftOut } from './field-writer.ts';
import { HpackDecoder } from './hpack/decoder.ts';

function written(write: (fields: FieldWriter) => void): string[] {
  const fields = new FieldWriter(leftOut());
  fields.writer.begin();
  write(fields);
  const { bytes, length } = fields.writer;
  const block = new HpackDecoder<object>(4_096).decode(bytes, 0, length, 65_536);
  return block?.fields.map(({ name, value }) => `${name}=${value}`) ?? [];
}

test('names in lower case, values without the spaces around them, and with all of their bytes', () => {
  // The last UTF-8 byte of the letter, read as a character, is white space to JavaScript.
  const city = Buffer.from('Città').toString('latin1');
  assert.deepEqual(
    written(fields => {
      fields.lines(`X-City: ${city}\r\nX-Padded:\t a b \r\nConnection: close\r\n`);
      fields.fieldText('X-Other', city);
    }),
    [`x-city=${city}`, 'x-padded=a b', `x-other=${city}`],
  );
});
