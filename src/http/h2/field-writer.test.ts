// Writing fields that are text (those of settled heads, and those that filters add) and fields that are still bytes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { headerIdOf } from '../header-names.ts';
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

test('credentials are marked as never indexed, whether they are still bytes or already text', () => {
  const fields = new FieldWriter(leftOut());
  const block = (write: () => void): string => {
    fields.writer.begin();
    write();
    return fields.writer.taken().toString('latin1');
  };
  for (const name of ['Authorization', 'Proxy-Authorization', 'Cookie', 'Set-Cookie', 'User-Agent']) {
    const asText = block(() => fields.fieldText(name, 'abc'));
    const line = Buffer.from(`${name}: abc`);
    const id = headerIdOf(name.toLowerCase());
    const asBytes = block(() => fields.fieldBytes(id, line, 0, name.length, line.length - 3, line.length));
    assert.equal(asBytes, asText, name);
    // RFC 7541 section 6.2.3: a literal never indexed begins with the bits 0001.
    assert.equal(asText.charCodeAt(0) >> 4, name === 'User-Agent' ? 0 : 1, name);
  }
});

test('fields that came marked as never indexed are sent on marked, and no others', () => {
  const fields = new FieldWriter(leftOut());
  fields.beginBlock(new Set([':path', 'x-secret', 'etag']));
  fields.field(':path', '/?key=abc');
  fields.field(':method', 'GET');
  fields.fieldText('X-Secret', 'abc');
  fields.fieldText('ETag', '"abc"');
  fields.fieldText('X-Plain', 'abc');
  fields.fieldText('Cookie', 'a=b');
  const decode = () => {
    const { bytes, length } = fields.writer;
    return new HpackDecoder<object>(4_096).decode(bytes, 0, length, 65_536)!;
  };
  const block = decode();
  assert.deepEqual(
    block.fields.map(({ name, value }) => `${name}=${value}`),
    [':path=/?key=abc', ':method=GET', 'x-secret=abc', 'etag="abc"', 'x-plain=abc', 'cookie=a=b'],
  );
  assert.deepEqual([...block.neverIndexed!], [':path', 'x-secret', 'etag']);
  fields.beginBlock(null);
  fields.fieldText('X-Secret', 'abc');
  assert.equal(decode().neverIndexed, null);
});

test('a field is written once, whether its name is in the static table, known otherwise or not at all', () => {
  const lines = [
    'Content-Type: text/plain',
    'X-Forwarded-For: 10.0.0.1',
    'X-Own-Name: v',
    'Keep-Alive: timeout=5',
    'Server: s',
  ];
  const asBytes = written(fields => {
    for (const line of lines) {
      const bytes = Buffer.from(line);
      const colon = line.indexOf(':');
      const id = headerIdOf(line.slice(0, colon).toLowerCase());
      fields.fieldBytes(id, bytes, 0, colon, colon + 2, bytes.length);
    }
  });
  assert.deepEqual(asBytes, ['content-type=text/plain', 'x-forwarded-for=10.0.0.1', 'x-own-name=v', 'server=s']);
  assert.deepEqual(
    written(fields => fields.lines(lines.map(line => `${line}\r\n`).join(''))),
    asBytes,
  );
  assert.deepEqual(
    written(fields => fields.lines(': no name\r\nno colon\r\nx: y\r\n')),
    ['x=y'],
  );
});

test('long names that callers make up are not remembered', () => {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  const fields = new FieldWriter(leftOut());
  const flood = (from: number, count: number) => {
    for (let n = from; n < from + count; n++) {
      fields.writer.begin();
      fields.fieldText(`X-${n}-${'Long-'.repeat(5_000)}`, 'v');
    }
    gc();
    return process.memoryUsage().heapUsed;
  };
  const before = flood(0, 10);
  const more = flood(10, 500) - before;
  assert.ok(more < 5_000_000, `${more} bytes more`);
});
