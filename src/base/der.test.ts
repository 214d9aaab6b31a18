// DER has one encoding for each value; every other one is refused, and no length leads out of its surroundings.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { childrenOf, DerError, DerTag, expectTag, oidText, readElement, timeMs } from './der.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const read = (text: string) => {
  const bytes = hex(text);
  return readElement(bytes, 0, bytes.length);
};

test('an element with a short length and with a long one', () => {
  assert.deepEqual(read('04 00'), { tag: 4, from: 0, start: 2, end: 2 });
  assert.deepEqual(read(`04 7f ${'00'.repeat(127)}`), { tag: 4, from: 0, start: 2, end: 129 });
  assert.deepEqual(read(`04 81 80 ${'00'.repeat(128)}`), { tag: 4, from: 0, start: 3, end: 131 });
  assert.deepEqual(read(`04 82 0100 ${'00'.repeat(256)}`), { tag: 4, from: 0, start: 4, end: 260 });
  assert.deepEqual(readElement(hex('ff 0401 05 ff'), 1, 4), { tag: 4, from: 1, start: 3, end: 4 });
});

for (const [why, text] of [
  ['nothing', ''],
  ['no length', '04'],
  ['a content that is cut off', '04 02 00'],
  ['a length without end', '04 80 0000'],
  ['a length that is cut off', '04 82 01'],
  ['a length of five bytes', `04 85 00000000 80 ${'00'.repeat(128)}`],
  ['a long length for a short content', `04 81 7f ${'00'.repeat(127)}`],
  ['a length with a zero in front', `04 82 0080 ${'00'.repeat(128)}`],
  ['a length of three bytes with zeros in front', `04 83 000100 ${'00'.repeat(256)}`],
  ['a length beyond every content', '04 84 ffffffff'],
] as const) {
  test(`refused: ${why}`, () => assert.throws(() => read(text), DerError));
}

test('what is inside an element ends with it', () => {
  const bytes = hex('30 05 0401 01 0500 ffff');
  assert.deepEqual(
    childrenOf(bytes, readElement(bytes, 0, bytes.length)).map(({ tag, from, end }) => [tag, from, end]),
    [
      [4, 2, 5],
      [5, 5, 7],
    ],
  );
  const beyond = hex('30 03 0402 01 00');
  assert.throws(() => childrenOf(beyond, readElement(beyond, 0, beyond.length)), DerError);
});

test('another tag than the one that is due is refused, as is none', () => {
  const element = read('04 00');
  assert.equal(expectTag(element, DerTag.octetString), element);
  assert.throws(() => expectTag(element, DerTag.oid), /expected the tag 6, found 4/);
  assert.throws(() => expectTag(undefined, DerTag.oid), /found nothing/);
});

test('object identifiers as text', () => {
  for (const [text, bytes] of [
    ['2.5.4.3', '06 03 55 04 03'],
    ['1.2.840.113549.1.1.11', '06 09 2a 86 48 86 f7 0d 01 01 0b'],
    ['0.39', '06 01 27'],
    ['1.0', '06 01 28'],
    ['1.39', '06 01 4f'],
    ['2.0', '06 01 50'],
    ['2.999.3', '06 03 88 37 03'],
    ['2.5.128', '06 03 55 81 00'],
  ] as const)
    assert.equal(oidText(hex(bytes), read(bytes)), text);
});

test('times in the one form of RFC 5280 section 4.1.2.5', () => {
  const time = (tag: number, text: string) => {
    const bytes = Buffer.concat([Buffer.of(tag, text.length), Buffer.from(text)]);
    return new Date(timeMs(bytes, readElement(bytes, 0, bytes.length))).toISOString();
  };
  assert.equal(time(DerTag.utcTime, '261122163045Z'), '2026-11-22T16:30:45.000Z');
  assert.equal(time(DerTag.utcTime, '491231235959Z'), '2049-12-31T23:59:59.000Z');
  assert.equal(time(DerTag.utcTime, '500101000000Z'), '1950-01-01T00:00:00.000Z');
  assert.equal(time(DerTag.generalizedTime, '20500101000000Z'), '2050-01-01T00:00:00.000Z');
  for (const [tag, text] of [
    [DerTag.utcTime, '20500101000000Z'],
    [DerTag.utcTime, '261122163045'],
    [DerTag.utcTime, '2611221630Z'],
    [DerTag.utcTime, '261122163045Z0'],
    [DerTag.utcTime, ' 61122163045Z'],
    [DerTag.generalizedTime, '500101000000Z'],
    [DerTag.generalizedTime, '0500101000000Z'],
    [DerTag.generalizedTime, '20500101000000+0100'],
    [DerTag.generalizedTime, '20500101000000.5Z'],
  ] as const)
    assert.throws(() => time(tag, text), DerError, text);
});
