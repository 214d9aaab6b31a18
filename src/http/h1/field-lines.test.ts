// Field lines one by one (RFC 9112 section 5): framing fields are read, ambiguous lines are refused, limits hold to the byte.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeaderId } from '../header-names.ts';
import { FIELD_STRIDE } from '../headers.ts';
import {
  ConnectionOption,
  FieldScan,
  type HeadLimits,
  NO_KEEP_ALIVE,
  NO_LENGTH,
  scanFieldLines,
} from './field-lines.ts';
import { INCOMPLETE, Refusal } from './parse-outcome.ts';

const generous: HeadLimits = { requestLineBytesMax: 8_192, headerBytesMax: 65_536, headerCountMax: 100 };
const found = new FieldScan();

/** Scans `lines`, given without CRLF, and an empty line. They begin at offset `base` of the buffer, as they would after a request line. */
function scan(lines: readonly string[], limits: HeadLimits = generous, base = 7): number {
  const text = `${lines.map(line => `${line}\r\n`).join('')}\r\n`;
  const bytes = Buffer.from(`${'#'.repeat(base)}${text}`, 'latin1');
  found.reset();
  const end = scanFieldLines(bytes, base, base, bytes.length, limits, found);
  if (end > 0) assert.equal(end, bytes.length);
  return end;
}

test('names, values and their places: white space around a value is none of it (RFC 9112 section 5)', () => {
  assert.ok(scan(['Host: \t a \t', 'X-A:b', 'X-Empty:', 'x-blank: \t ']) > 0);
  assert.equal(found.count, 4);
  const text = 'Host: \t a \t\r\nX-A:b\r\nX-Empty:\r\nx-blank: \t \r\n';
  const values = Array.from({ length: 4 }, (_, i) =>
    text.slice(found.index[i * FIELD_STRIDE + 2], found.index[i * FIELD_STRIDE + 3]),
  );
  assert.deepEqual(values, ['a', 'b', '', '']);
  assert.equal(found.index[0], HeaderId.host);
  assert.equal(found.index[FIELD_STRIDE], HeaderId.other);
});

test('every byte at every place of a value, whether it is read alone or with its neighbours (RFC 9110 section 5.5)', () => {
  for (let byte = 0; byte < 256; byte++) {
    const isAllowed = byte === 0x09 || (byte >= 0x20 && byte !== 0x7f);
    for (let place = 0; place < 9; place++) {
      const value = `${'v'.repeat(place)}${String.fromCharCode(byte)}${'w'.repeat(9 - place)}`;
      assert.equal(scan([`A: ${value}`]) > 0, isAllowed, `byte ${byte} at ${place}`);
      if (isAllowed) assert.equal(found.index[3]! - found.index[2]!, value.replace(/^[ \t]+|[ \t]+$/g, '').length);
    }
  }
});

test('limits hold to the byte and to the field', () => {
  const bytes = 'A: b\r\nC: d\r\n\r\n'.length;
  assert.ok(scan(['A: b', 'C: d'], { ...generous, headerBytesMax: bytes }) > 0);
  assert.equal(scan(['A: b', 'C: d'], { ...generous, headerBytesMax: bytes - 1 }), Refusal.headerTooLarge);
  assert.ok(scan(['A: b', 'C: d'], { ...generous, headerCountMax: 2 }) > 0);
  assert.equal(scan(['A: b', 'C: d'], { ...generous, headerCountMax: 1 }), Refusal.headerTooLarge);
});

test('what is not complete is waited for, until it is more than may come', () => {
  for (const text of ['A', 'A:', 'A: b', 'A: b\r', 'A: b\r\n', 'A: b\r\n\r']) {
    const bytes = Buffer.from(text, 'latin1');
    found.reset();
    assert.equal(scanFieldLines(bytes, 0, 0, bytes.length, generous, found), INCOMPLETE, JSON.stringify(text));
    const small = { ...generous, headerBytesMax: bytes.length - 1 };
    assert.equal(scanFieldLines(bytes, 0, 0, bytes.length, small, found), Refusal.headerTooLarge, JSON.stringify(text));
  }
});

test('a head ends by CRLF alone, and what is wrong is refused at the byte that shows it', () => {
  for (const [text, refusal] of [
    ['A: b\r\n\rX', Refusal.lineEnding],
    ['A: b\r\n\n', Refusal.lineEnding],
    ['A: b\n', Refusal.lineEnding],
    ['A\n', Refusal.lineEnding],
    ['A: b\0', Refusal.header],
    ['A: b\rX', Refusal.lineEnding],
    ['A\0', Refusal.header],
  ] as const) {
    const bytes = Buffer.from(text, 'latin1');
    found.reset();
    assert.equal(scanFieldLines(bytes, 0, 0, bytes.length, generous, found), refusal, JSON.stringify(text));
  }
});

const refused: [why: string, line: string, refusal: number][] = [
  ['no colon (RFC 9112 section 5)', 'Host', Refusal.header],
  ['no name', ': a', Refusal.header],
  ['white space before the colon (RFC 9112 section 5.1)', 'Host : a', Refusal.header],
  ['a folded line (RFC 9112 section 5.2)', ' folded', Refusal.header],
  ['a bare LF (RFC 9112 section 2.2)', 'A: b\nC: d', Refusal.lineEnding],
  ['a bare CR', 'A: b\rC: d', Refusal.lineEnding],
  ['NUL in a value (RFC 9110 section 5.5)', 'A: b\0', Refusal.header],
  ['DEL in a value', 'A: b\x7f', Refusal.header],
  ['a name beyond ASCII', 'Ä: b', Refusal.header],
  ['an empty length (RFC 9110 section 8.6)', 'Content-Length:', Refusal.contentLength],
  ['a list of lengths', 'Content-Length: 5, 5', Refusal.contentLength],
  ['a length with a zero in front', 'Content-Length: 05', Refusal.contentLength],
  ['a length beyond what a number holds', 'Content-Length: 9007199254740993', Refusal.contentLength],
  ['a length with a letter', 'Content-Length: 1e3', Refusal.contentLength],
  ['Connection that names Host (RFC 9110 section 7.6.1)', 'Connection: host', Refusal.header],
  ['Connection that names Content-Length', 'Connection: close, CONTENT-LENGTH', Refusal.header],
  ['Connection that names more fields than any message has', `Connection: ${'a,'.repeat(64)}a`, Refusal.header],
  ['Connection with something that is no token', 'Connection: "close"', Refusal.header],
  ['Connection with two tokens and no comma', 'Connection: close keep-alive', Refusal.header],
];
for (const [why, line, refusal] of refused) {
  test(`refused: ${why}`, () => assert.equal(scan(['X-Before: 1', line, 'X-Behind: 1']), refusal));
}

test('a length is one plain number, once', () => {
  assert.ok(scan(['Content-Length: 9007199254740991']) > 0);
  assert.equal(found.contentLength, Number.MAX_SAFE_INTEGER);
  assert.ok(scan(['Content-Length: 0']) > 0);
  assert.equal(found.contentLength, 0);
  assert.equal(scan(['Content-Length: 5', 'content-length: 5']), Refusal.contentLength);
  assert.ok(scan(['X-Content-Length: 5']) > 0);
  assert.equal(found.contentLength, NO_LENGTH);
});

test('Connection may name some fields, in each message anew', () => {
  for (let n = 0; n < 3; n++) assert.ok(scan([`Connection: ${'a,'.repeat(32)}`, `Connection: ${'b,'.repeat(32)}`]) > 0);
  assert.equal(scan([`Connection: ${'a,'.repeat(33)}`, `Connection: ${'b,'.repeat(32)}`]), Refusal.header);
});

test('Connection is a list over several fields, in any case, with empty elements (RFC 9110 section 5.6.1)', () => {
  assert.ok(scan(['Connection: , Close ,,', 'connection: Keep-Alive,\tUPGRADE']) > 0);
  assert.equal(found.connection, ConnectionOption.close | ConnectionOption.keepAlive | ConnectionOption.upgrade);
  assert.ok(scan(['Connection: upgrade, close']) > 0);
  assert.equal(found.connection, ConnectionOption.upgrade | ConnectionOption.close);
  assert.ok(scan(['Connection: x-trace']) > 0);
  assert.equal(found.connection, ConnectionOption.named);
  assert.ok(scan(['Connection: close\t, x-trace \t,keep-alive']) > 0);
  assert.equal(found.connection, ConnectionOption.close | ConnectionOption.named | ConnectionOption.keepAlive);
  assert.equal(found.hopByHop, true);
  assert.ok(scan(['X-A: b']) > 0);
  assert.equal(found.hopByHop, false);
});

test('chunked is chunked alone: other codings, lists and a tab behind it are not (RFC 9112 section 6.1)', () => {
  for (const [line, chunked] of [
    ['Transfer-Encoding: Chunked', true],
    ['Transfer-Encoding: gzip, chunked', false],
    ['Transfer-Encoding: chunked, identity', false],
    ['Transfer-Encoding: chunked ', true],
    ['Transfer-Encoding: chunked\t', false],
    ['Transfer-Encoding: chunked \t', false],
    ['Transfer-Encoding: \x0bchunked', null],
  ] as const) {
    const end = scan([line]);
    if (chunked === null) assert.equal(end, Refusal.header, line);
    else assert.deepEqual([end > 0, found.chunked, found.transferEncodings], [true, chunked, 1], line);
  }
});

test('Expect counts when it is 100-continue once (RFC 9110 section 10.1.1)', () => {
  for (const [lines, expect] of [
    [['Expect: 100-Continue'], 1],
    [['Expect: 100-continue', 'Expect: 100-continue'], 2],
    [['Expect: 200-ok'], 2],
    [['X-A: b'], 0],
  ] as const) {
    assert.ok(scan(lines) > 0);
    assert.equal(found.expect, expect, lines.join());
  }
});

test('how long an idle connection is kept is the timeout of Keep-Alive, wherever it stands in the list', () => {
  for (const [line, seconds] of [
    ['Keep-Alive: timeout=5', 5],
    ['Keep-Alive: Timeout=75, max=100', 75],
    ['Keep-Alive: max=100, timeout=0', 0],
    ['Keep-Alive: timeout=99999999999999999999', 1_000_000],
    ['Keep-Alive: timeout=', NO_KEEP_ALIVE],
    ['Keep-Alive: timeout=x9', NO_KEEP_ALIVE],
    ['Keep-Alive: timeout=5/9', 5],
    ['Keep-Alive: max=100', NO_KEEP_ALIVE],
    ['Keep-Alive: timeou', NO_KEEP_ALIVE],
    ['X-Keep-Alive: timeout=5', NO_KEEP_ALIVE],
  ] as const) {
    assert.ok(scan([line, 'X-Behind: timeout=9']) > 0);
    assert.equal(found.keepAliveSeconds, seconds, line);
  }
});

test('of a head nothing is known to the next one', () => {
  const everything = [
    ...['Host: h', 'Content-Length: 5', 'Transfer-Encoding: chunked', 'Connection: close', 'Keep-Alive: timeout=5'],
    ...['Expect: 100-continue', 'Upgrade: x', 'X_Forwarded_For: x'],
  ];
  assert.ok(scan(everything) > 0);
  found.reset();
  const { index: _, hostStart: __, hostEnd: ___, ...known } = found;
  const { index: ____, hostStart: _____, hostEnd: ______, ...fresh } = new FieldScan();
  assert.deepEqual(known, fresh);
});

test('where the value of Host stands', () => {
  const bytes = Buffer.from('#######X-A: b\r\nHost: \th \r\n\r\n', 'latin1');
  found.reset();
  assert.ok(scanFieldLines(bytes, 7, 7, bytes.length, generous, found) > 0);
  assert.deepEqual([found.hosts, bytes.toString('latin1', found.hostStart, found.hostEnd)], [1, 'h']);
});

test('a name that CGI would take for another is told of', () => {
  for (const name of ['Content_Length', 'transfer_encoding', 'X_Forwarded_For', 'X-Forwarded_Proto']) {
    assert.ok(scan([`${name}: 1`]) > 0);
    assert.equal(found.disguised, true, name);
  }
  assert.ok(scan(['X_Own: 1']) > 0);
  assert.equal(found.disguised, false);
});
