// Requests from header blocks: the head that each becomes, malformed and refused ones, and many requests from one message.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { HeadLimits } from '../h1/field-lines.ts';
import { HeaderId } from '../header-names.ts';
import { fieldOf } from './hpack/field.ts';
import { FieldBlock } from './hpack/field-block.ts';
import { type RequestMessage, readRequest, Verdict } from './request-message.ts';

const limits: HeadLimits = { requestLineBytesMax: 200, headerBytesMax: 4_000, headerCountMax: 10 };
type Pairs = readonly (readonly [string, string])[];

function blockOf(pairs: Pairs): FieldBlock<RequestMessage> {
  const fields = pairs.map(([name, value]) => fieldOf(name, value));
  return new FieldBlock(
    fields,
    fields.reduce((sum, { size }) => sum + size, 0),
    false,
  );
}

function get(...more: Pairs): Pairs {
  return [[':method', 'GET'], [':scheme', 'https'], [':path', '/a?b=c'], [':authority', 'A.test:8443'], ...more];
}

const connect = (...more: Pairs): Pairs => [
  [':method', 'CONNECT'],
  [':protocol', 'websocket'],
  ...get(...more).slice(1),
];

const read = (pairs: Pairs): RequestMessage => readRequest(blockOf(pairs), limits);
const outcome = (pairs: Pairs): string => {
  const { verdict, code } = read(pairs);
  return verdict === Verdict.served ? 'served' : `${verdict === Verdict.malformed ? 'malformed' : 'refused'} ${code}`;
};

describe('a request', () => {
  test('is a head as HTTP/1.1 has it', () => {
    const head = read(get(['cookie', 'a=1'], ['x-y', 'z'], ['te', 'trailers'], ['cookie', 'b=2'])).toHead(true);
    assert.deepEqual(
      [head.method, head.rawPath, head.query, head.hasQuery, head.authority, head.version, head.targetForm],
      ['GET', '/a', 'b=c', true, 'A.test:8443', '2', 'origin'],
    );
    let text = '';
    head.headers.writeWithStartLine({
      text: piece => {
        text += piece;
      },
      field: () => assert.fail('nothing was added'),
      bytes: () => assert.fail('there are no bytes'),
    });
    assert.equal(text, 'GET /a?b=c HTTP/1.1\r\nhost: A.test:8443\r\nx-y: z\r\ncookie: a=1; b=2\r\n');
    assert.equal(head.headers.getById(HeaderId.cookie), 'a=1; b=2');
    assert.deepEqual(
      [...head.headers],
      [
        ['host', 'A.test:8443'],
        ['x-y', 'z'],
        ['cookie', 'a=1; b=2'],
      ],
    );
  });

  test('has a length, none, or one that is not known', () => {
    const of = (pairs: Pairs, endStream: boolean) => {
      const { contentLength, lengthUnknown, hasBody } = read(pairs).toHead(endStream);
      return [contentLength, lengthUnknown, hasBody];
    };
    assert.deepEqual(of(get(), true), [0, false, false]);
    assert.deepEqual(of(get(), false), [-1, true, true]);
    assert.deepEqual(of(get(['content-length', '7']), false), [7, false, true]);
    assert.deepEqual(of(get(['content-length', '0']), true), [0, false, false]);
    assert.equal(read(get(['content-length', '7'])).mayEndAtOnce, false);
    const post = read([[':method', 'POST'], ...get().slice(1)]).toHead(true);
    assert.equal(post.headers.get('content-length'), '0');
  });

  test('of a block that comes again is made without reading it, and is a request of its own', () => {
    const block = blockOf(get(['x-a', '1']));
    const message = readRequest(block, limits);
    assert.equal(readRequest(block, limits), message);
    const first = message.toHead(true);
    first.headers.remove('x-a');
    first.headers.set('x-b', '2');
    first.path = '/changed';
    const second = message.toHead(true);
    assert.equal(second.headers.get('x-a'), '1');
    assert.equal(second.headers.get('x-b'), undefined);
    assert.equal(second.path, '');
    // Under other limits, such as after a reload, the block is judged again.
    assert.equal(readRequest(block, { ...limits, headerCountMax: 0 }).verdict, Verdict.refused);
  });

  test('extended CONNECT asks for an upgrade', () => {
    const head = read(connect()).toHead(false);
    assert.deepEqual([head.method, head.upgrade, head.hasBody], ['GET', 'websocket', false]);
  });

  test('paths that need care are told from plain ones', () => {
    const careful = (path: string): boolean =>
      read([
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', path],
        [':authority', 'a'],
      ]).toHead(true).pathNeedsCare;
    for (const path of ['/', '/a/b.c', '/a?x=../%2e//', '/a.b/c']) assert.equal(careful(path), false, path);
    for (const path of ['/a//b', '/./a', '/../a', '/%41', '/a\\b', '/a/.']) assert.equal(careful(path), true, path);
  });
});

describe('what is none, and what is refused', () => {
  const cases: readonly (readonly [outcome: string, pairs: Pairs])[] = [
    ['served', get()],
    ['malformed malformed_pseudo_header', get().slice(1)],
    ['malformed malformed_pseudo_header', [...get(), [':path', '/']]],
    ['malformed malformed_pseudo_header', [...get(['a', 'b']), [':x', 'y']]],
    ['malformed malformed_header', get(['A', 'b'])],
    ['malformed malformed_header', get(['a', 'b\n'])],
    ['malformed malformed_header', get(['content_length', '1'])],
    ['served', get(['x_y', '1'])],
    ['malformed connection_header', get(['connection', 'close'])],
    ['malformed connection_header', get(['te', 'gzip'])],
    ['malformed invalid_host', get(['host', 'b.test'])],
    ['served', get(['host', 'a.TEST:8443'])],
    ['malformed invalid_content_length', get(['content-length', '1'], ['content-length', '1'])],
    ['refused invalid_upgrade', connect(['content-length', '7'])],
    ['served', connect(['content-length', '0'])],
    ['refused expectation_failed', get(['expect', 'x'])],
    ['refused expectation_failed', get(['expect', '100-continue'], ['expect', '100-continue'])],
    ['refused header_too_large', get(...Array.from({ length: 11 }, (_, at) => [`x${at}`, ''] as const))],
    ['served', get(...Array.from({ length: 40 }, () => ['cookie', 'a=1'] as const))],
    ['refused header_too_large', get(['x', 'v'.repeat(4_000)])],
    [
      'refused uri_too_long',
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', `/${'a'.repeat(200)}`],
        [':authority', 'a'],
      ],
    ],
    [
      'refused method_not_implemented',
      [
        [':method', 'CONNECT'],
        [':authority', 'a:1'],
      ],
    ],
    [
      'refused malformed_target',
      [
        [':method', 'GET'],
        [':scheme', 'http'],
        [':path', '*'],
        [':authority', 'a'],
      ],
    ],
    [
      'served',
      [
        [':method', 'OPTIONS'],
        [':scheme', 'http'],
        [':path', '*'],
        [':authority', 'a'],
      ],
    ],
  ];
  cases.forEach(([expected, pairs], at) => {
    test(`${at}: ${expected}`, () => assert.equal(outcome(pairs), expected));
  });

  test('a block that was too large is refused', () => {
    assert.equal(readRequest(new FieldBlock([], 1e6, true), limits).code, 'header_too_large');
  });

  test('of any fields, what is served has no line that is not one field', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 6 }), pairs => {
        const message = read(get(...pairs));
        if (message.verdict !== Verdict.served) return;
        const lines = message.toHead(true).headers.lines().split('\r\n');
        assert.equal(lines.length, [...message.toHead(true).headers].length + 1);
        for (const line of lines.slice(0, -1))
          assert.match(line, /^[!#$%&'*+.^_`|~0-9a-z-]+: [\t\x20-\x7e\x80-\xff]*$/);
      }),
      { numRuns: 3_000 },
    );
  });
});
