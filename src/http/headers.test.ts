// A head with an index over it behaves as a list of fields, whatever is done to it, and lines that nobody touched stay as they came.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRequestHead, takeRequestHead } from './h1/request-head.ts';
import { HeaderId } from './header-names.ts';
import { Headers } from './headers.ts';

const limits = { requestLineBytesMax: 8_192, headerBytesMax: 65_536, headerCountMax: 100 };

/** The fields of a request as the parser gives them, its bytes still borrowed. */
function received(lines: readonly string[]): { headers: Headers; bytes: Buffer } {
  const bytes = Buffer.from(`GET / HTTP/1.1\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`, 'latin1');
  assert.equal(parseRequestHead(bytes, 0, bytes.length, limits), bytes.length);
  return { headers: takeRequestHead().headers, bytes };
}

test('values are found by name in any case and by id, the first one first', () => {
  const { headers } = received(['Host: h', 'X-A: 1', 'x-a: 2', 'ACCEPT: */*']);
  assert.equal(headers.get('x-a'), '1');
  assert.deepEqual(headers.getAll('x-a'), ['1', '2']);
  assert.equal(headers.getJoined('x-a'), '1, 2');
  assert.equal(headers.get('accept'), '*/*');
  assert.equal(headers.getById(HeaderId.accept), '*/*');
  assert.equal(headers.getOnlyById(HeaderId.accept), '*/*');
  assert.equal(headers.get('x'), undefined);
  assert.equal(headers.has('x-ab'), false);
});

test('a field that is there twice has no only value', () => {
  const { headers } = received(['Host: h', 'Cookie: a=1', 'cookie: a=2']);
  assert.equal(headers.getOnlyById(HeaderId.cookie), undefined);
  assert.equal(headers.getById(HeaderId.cookie), 'a=1');
});

test('lines that nobody touched leave byte for byte as they came', () => {
  const { headers } = received(['Host: h', 'x-Odd-CASE:   1', 'X-Gone: 2', 'X-Kept:\t3']);
  headers.remove('x-gone');
  assert.equal(headers.lines(), 'Host: h\r\nx-Odd-CASE:   1\r\nX-Kept:\t3\r\n');
});

test('a settled head keeps its values when the bytes are overwritten', () => {
  const { headers, bytes } = received(['Host: h', 'X-A: 1']);
  headers.settle();
  bytes.fill(0x2a);
  assert.equal(headers.get('x-a'), '1');
  assert.equal(headers.lines(), 'Host: h\r\nX-A: 1\r\n');
});

test('names and values that could not stand in a head are refused', () => {
  const headers = Headers.empty();
  for (const name of ['', 'a b', 'a:', 'a\r\n', '\u00e9']) assert.throws(() => headers.append(name, 'v'), TypeError);
  for (const value of ['a\r\nb', 'a\nb', 'a\0', '\x7f']) assert.throws(() => headers.append('x-a', value), TypeError);
  assert.equal(headers.lines(), '');
});

test('removal by prefix takes received and added fields alike', () => {
  const { headers } = received(['Host: h', 'X-Consumer-Name: forged', 'X-Consumer: 1', 'X-Cons: 2']);
  headers.append('X-Consumer-Plan', 'forged');
  headers.removeByPrefix('x-consumer-');
  assert.deepEqual(
    [...headers],
    [
      ['Host', 'h'],
      ['X-Consumer', '1'],
      ['X-Cons', '2'],
    ],
  );
});

test('any sequence of changes gives what a plain list gives', () => {
  const name = fc.constantFrom('x-a', 'X-B', 'accept', 'Cookie', 'x-c');
  const value = fc.string({ unit: fc.constantFrom('a', 'b', ' ', ','), maxLength: 4 }).map(text => text.trim());
  const change = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), name, value }),
    fc.record({ kind: fc.constant('append' as const), name, value }),
    fc.record({ kind: fc.constant('remove' as const), name, value }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 6 }),
      fc.array(change, { maxLength: 8 }),
      (fields, changes) => {
        const { headers } = received(['Host: h', ...fields.map(([field, text]) => `${field}: ${text}`)]);
        let list: [string, string][] = [['Host', 'h'], ...fields];
        for (const { kind, name: changed, value: text } of changes) {
          const lower = changed.toLowerCase();
          if (kind !== 'append') list = list.filter(([field]) => field.toLowerCase() !== lower);
          if (kind === 'set') headers.set(lower, text);
          else if (kind === 'append') headers.append(lower, text);
          else headers.remove(lower);
          if (kind !== 'remove') list.push([lower, text]);
        }
        assert.deepEqual([...headers], list);
        for (const lower of ['x-a', 'x-b', 'accept', 'cookie']) {
          assert.equal(headers.get(lower), list.find(([field]) => field.toLowerCase() === lower)?.[1]);
        }
        const written = headers
          .lines()
          .split('\r\n')
          .filter(Boolean)
          .map(line => line.slice(0, line.indexOf(':')));
        assert.deepEqual(
          written,
          list.map(([field]) => field),
        );
      },
    ),
  );
});
