// Headers behave like a plain list of fields under any sequence of changes, and unchanged lines are sent byte for byte as received.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { latin1 } from '../base/latin1.ts';
import { FieldBlock } from './field-block.ts';
import { parseRequestHead, takeRequestHead } from './h1/request-head.ts';
import { HeaderNameSet } from './header-name-set.ts';
import { HeaderId, headerIdOf } from './header-names.ts';
import { Headers } from './headers.ts';

const limits = { requestLineBytesMax: 8_192, headerBytesMax: 65_536, headerCountMax: 100 };

/** The fields of a request as the parser returns them, together with the bytes that they still borrow. */
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
  assert.equal(headers.getUnrepeatedById(HeaderId.accept), '*/*');
  assert.equal(headers.get('x'), undefined);
  assert.equal(headers.has('x-ab'), false);
});

test('a field that is there twice has no only value', () => {
  const { headers } = received(['Host: h', 'Cookie: a=1', 'cookie: a=2']);
  assert.equal(headers.getUnrepeatedById(HeaderId.cookie), undefined);
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

type Pair = [name: string, value: string];

const name = fc.constantFrom('x-a', 'X-B', 'accept', 'Cookie', 'x-c');
const value = fc.string({ unit: fc.constantFrom('a', 'b', ' ', ','), maxLength: 4 }).map(text => text.trim());
const pairs = fc.array(fc.tuple(name, value), { maxLength: 3 });
const change = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), name, value }),
  fc.record({ kind: fc.constant('append' as const), name, value }),
  fc.record({ kind: fc.constant('remove' as const), name }),
  fc.record({ kind: fc.constant('removeById' as const), id: fc.constantFrom(HeaderId.accept, HeaderId.cookie) }),
  fc.record({ kind: fc.constant('removeByPrefix' as const), name: fc.constant('x-') }),
  fc.record({ kind: fc.constant('block' as const), pairs }),
  fc.record({ kind: fc.constant('take' as const), name }),
  fc.record({ kind: fc.constantFrom('mark' as const, 'restore' as const) }),
);

/** Applies one change to `headers`, and returns a copy of `list` with the same change. */
function changeBoth(headers: Headers, list: Pair[], { kind, ...given }: { kind: string } & Partial<Given>): Pair[] {
  const lower = given.name?.toLowerCase() ?? '';
  const others = list.filter(([field]) => field.toLowerCase() !== lower);
  if (kind === 'set') {
    headers.set(lower, given.value!);
    return [...others, [lower, given.value!]];
  }
  if (kind === 'append') {
    headers.append(lower, given.value!);
    return [...list, [lower, given.value!]];
  }
  if (kind === 'remove') {
    headers.remove(lower);
    return others;
  }
  if (kind === 'removeById') {
    headers.removeById(given.id!);
    return list.filter(([field]) => headerIdOf(field.toLowerCase()) !== given.id);
  }
  if (kind === 'removeByPrefix') {
    headers.removeByPrefix(given.name!);
    return list.filter(([field]) => !field.toLowerCase().startsWith(given.name!));
  }
  headers.appendBlock(new FieldBlock(given.pairs!.flat()));
  return [...list, ...given.pairs!];
}

interface Given {
  readonly name: string;
  readonly value: string;
  readonly id: number;
  readonly pairs: Pair[];
}

test('any sequence of changes gives what a plain list gives', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(name, value), { maxLength: 6 }),
      fc.array(change, { maxLength: 10 }),
      (fields, changes) => {
        const { headers } = received(['Host: h', ...fields.map(([field, text]) => `${field}: ${text}`)]);
        let list: Pair[] = [['Host', 'h'], ...fields];
        let receivedCount = list.length;
        let marked = { mark: headers.mark(), list, receivedCount };
        for (const one of changes) {
          if (one.kind === 'mark') marked = { mark: headers.mark(), list, receivedCount };
          else if (one.kind === 'restore') {
            headers.restore(marked.mark);
            ({ list, receivedCount } = marked);
          } else if (one.kind === 'take') {
            const isTaken = ([field]: Pair, at: number) =>
              at >= receivedCount && field.toLowerCase() === one.name.toLowerCase();
            assert.deepEqual(headers.takeAdded(new HeaderNameSet([one.name], [])), list.filter(isTaken).flat());
            list = list.filter((pair, at) => !isTaken(pair, at));
          } else {
            const before = list.slice(0, receivedCount);
            list = changeBoth(headers, list, one);
            receivedCount = before.filter(pair => list.includes(pair)).length;
          }
        }
        assert.deepEqual([...headers], list);
        for (const lower of ['x-a', 'x-b', 'accept', 'cookie']) {
          const values = list.filter(([field]) => field.toLowerCase() === lower).map(([, text]) => text);
          assert.equal(headers.get(lower), values[0]);
          assert.deepEqual(headers.getAll(lower), values);
          assert.equal(headers.isRepeated(lower), values.length > 1);
          const id = headerIdOf(lower);
          if (id === HeaderId.other) continue;
          assert.equal(headers.getById(id), values[0]);
        }
        const written = headers.lines().split('\r\n').filter(Boolean);
        assert.deepEqual(
          written.map(line => line.slice(0, line.indexOf(':'))),
          list.map(([field]) => field),
        );
        const visited: Pair[] = [];
        headers.visit({
          fieldBytes: (_id, bytes, nameStart, nameEnd, start, end) =>
            visited.push([latin1(bytes, nameStart, nameEnd), latin1(bytes, start, end)]),
          fieldText: (field, text) => visited.push([field, text]),
        });
        assert.deepEqual(visited, list);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('heads that share a block do not change one another', () => {
  const block = new FieldBlock(['X-Consumer-Name', 'acme', 'X-Consumer-Plan', 'gold']);
  const [one, other] = [received(['Host: a']).headers, received(['Host: b']).headers];
  one.appendBlock(block);
  other.appendBlock(block);
  one.remove('x-consumer-plan');
  one.append('X-Own', '1');
  assert.equal(one.lines(), 'Host: a\r\nX-Consumer-Name: acme\r\nX-Own: 1\r\n');
  assert.equal(other.lines(), 'Host: b\r\nX-Consumer-Name: acme\r\nX-Consumer-Plan: gold\r\n');
});
