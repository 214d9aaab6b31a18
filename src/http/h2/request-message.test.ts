// Requests from header blocks: the head that each becomes, malformed and refused ones, and many requests from one message.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { HeadLimits } from '../h1/field-lines.ts';
import { HeaderId } from '../header-names.ts';
import { RefusalForm } from '../refusal-form.ts';
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

  test('has no fields of the connection, nor those for a proxy', () => {
    const head = read(
      get(['proxy-authorization', 'Basic x'], ['http2-settings', 'x'], ['proxy-authenticate', 'x'], ['x-a', '1']),
    );
    assert.equal(head.toHead(true).headers.lines(), 'host: A.test:8443\r\nx-a: 1\r\n');
  });

  test('tells which fields it has by their ids, and how large its head is', () => {
    const head = read(get(['x-b', '2'], ['content-type', 'text/plain'], ['cookie', 'a=1'])).toHead(false);
    assert.equal(head.headers.getById(HeaderId.contentType), 'text/plain');
    assert.equal(head.headers.getById(HeaderId.host), 'A.test:8443');
    assert.equal(head.headers.get('x-b'), '2');
    const text =
      'GET /a?b=c HTTP/1.1\r\nhost: A.test:8443\r\nx-b: 2\r\ncontent-type: text/plain\r\ncookie: a=1\r\n\r\n';
    assert.equal(head.headBytes, text.length);
  });

  test('is asked to wait for an interim response only when a body follows', () => {
    const expecting = read(get(['expect', '100-continue']));
    assert.deepEqual([expecting.toHead(false).expectContinue, expecting.toHead(true).expectContinue], [true, false]);
    assert.equal(read(get()).toHead(false).expectContinue, false);
  });

  test('that ends at once has a length of 0 where HTTP/1.1 expects one, and only there', () => {
    const lengthOf = (method: string, endStream: boolean, ...more: Pairs) =>
      read(change({ ':method': method }, ...more))
        .toHead(endStream)
        .headers.getAll('content-length');
    for (const method of ['POST', 'PUT', 'PATCH']) assert.deepEqual(lengthOf(method, true), ['0'], method);
    for (const method of ['GET', 'DELETE', 'QUERY']) assert.deepEqual(lengthOf(method, true), [], method);
    assert.deepEqual(lengthOf('POST', false), []);
    assert.deepEqual(lengthOf('POST', true, ['content-length', '0']), ['0']);
    assert.equal(read(get(['content-length', '0'])).mayEndAtOnce, true);
    assert.equal(read(get(['content-length', '1'])).mayEndAtOnce, false);
    assert.equal(read(get()).mayEndAtOnce, true);
  });

  test('of no resource is of all of them, by OPTIONS', () => {
    const { targetForm, rawPath, hasQuery, keepAlive } = read(change({ ':method': 'OPTIONS', ':path': '*' })).toHead(
      true,
    );
    assert.deepEqual([targetForm, rawPath, hasQuery, keepAlive], ['asterisk', '*', false, true]);
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
    for (const path of ['/a//b', '/./a', '/../a', '/a%41', '/a\\b', '/a/.']) assert.equal(careful(path), true, path);
  });
});

/** A GET with another value of some pseudo-header fields; an empty one is left out. */
const change = (values: Readonly<Record<string, string>>, ...more: Pairs): Pairs =>
  get(...more)
    .map(([name, value]) => [name, values[name] ?? value] as const)
    .filter(([name, value]) => !name.startsWith(':') || value !== '');

describe('what is none, and what is refused', () => {
  const cases: readonly (readonly [outcome: string, pairs: Pairs])[] = [
    ['served', get()],
    ['malformed malformed_pseudo_header', change({ ':scheme': '' })],
    ['malformed malformed_pseudo_header', change({ ':path': '' })],
    ['malformed malformed_pseudo_header', [...get().slice(0, 3), [':authority', '']]],
    ['malformed malformed_pseudo_header', [[':status', '200'], ...get()]],
    ['malformed malformed_pseudo_header', [[':x', 'y'], ...get()]],
    ['malformed malformed_pseudo_header', [...get().slice(0, 3), [':authority', 'a\n']]],
    // A protocol is asked for by CONNECT alone (RFC 8441 section 4), and a tunnel has neither scheme nor path.
    ['malformed malformed_pseudo_header', [[':protocol', 'websocket'], ...get()]],
    ['malformed malformed_pseudo_header', [[':x', 'websocket'], ...change({ ':method': 'CONNECT' })]],
    ['malformed malformed_pseudo_header', [[':status', 'websocket'], ...change({ ':method': 'CONNECT' })]],
    ['malformed malformed_pseudo_header', change({ ':method': 'CONNECT' })],
    ['malformed malformed_pseudo_header', change({ ':method': 'CONNECT', ':scheme': '' })],
    ['malformed malformed_pseudo_header', change({ ':method': 'CONNECT', ':path': '' })],
    ['malformed malformed_pseudo_header', [[':method', 'CONNECT']]],
    ['refused method_not_implemented', [[':protocol', 'connect-udp'], ...change({ ':method': 'CONNECT' })]],
    ['refused method_not_implemented', change({ ':method': 'get' })],
    ['refused malformed_target', change({ ':scheme': 'ftp' })],
    ['served', change({ ':scheme': 'http' })],
    ['refused malformed_target', change({ ':path': 'a' })],
    ['refused malformed_target', change({ ':path': 'http://a/b' })],
    ['refused malformed_target', change({ ':path': '/a#b' })],
    ['refused malformed_target', change({ ':path': '/a b' })],
    ['refused malformed_target', change({ ':path': '/a?b\xff' })],
    ['refused invalid_host', change({ ':authority': '' })],
    ['refused invalid_host', change({ ':authority': 'a@b' })],
    ['served', change({ ':authority': '' }, ['host', 'b.test'])],
    ['refused invalid_host', change({ ':authority': '' }, ['host', 'b.test/'])],
    ['malformed invalid_host', get(['host', 'a.test:8443'], ['host', 'a.test:8443'])],
    ['malformed connection_header', get(['keep-alive', 'timeout=5'])],
    ['malformed connection_header', get(['proxy-connection', 'close'])],
    ['malformed connection_header', get(['transfer-encoding', 'chunked'])],
    ['malformed connection_header', get(['upgrade', 'websocket'])],
    ['malformed invalid_content_length', get(['content-length', ''])],
    ['malformed invalid_content_length', get(['content-length', '+1'])],
    ['malformed invalid_content_length', get(['content-length', '01'])],
    ['malformed invalid_content_length', get(['content-length', '1, 1'])],
    ['malformed invalid_content_length', get(['content-length', '1'], ['content-length', '2'])],
    ['malformed invalid_content_length', get(['content-length', '9007199254740992'])],
    ['served', get(['content-length', '9007199254740991'])],
    ['malformed malformed_header', get(['transfer_encoding', 'chunked'])],
    ['malformed malformed_header', get(['x-forwarded_for', 'a'])],
    ['served', get(['expect', '100-Continue'])],
    ['served', get(...Array.from({ length: 10 }, (_, at) => [`x${at}`, ''] as const))],
    // Host is one of the fields when it was sent as one.
    [
      'refused header_too_large',
      get(['host', 'a.test:8443'], ...Array.from({ length: 10 }, (_, at) => [`x${at}`, ''] as const)),
    ],
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

  test('limits hold to the byte, for a line and a head as HTTP/1.1 would write them', () => {
    const line = (length: number) => change({ ':path': `/${'a'.repeat(length - 'GET / HTTP/1.1'.length)}` });
    assert.equal(outcome(line(200)), 'served');
    assert.equal(outcome(line(201)), 'refused uri_too_long');
    const rest = 'GET /a?b=c HTTP/1.1\r\nhost: A.test:8443\r\nx: \r\n'.length;
    assert.equal(outcome(get(['x', 'v'.repeat(4_000 - rest)])), 'served');
    assert.equal(outcome(get(['x', 'v'.repeat(4_001 - rest)])), 'refused header_too_large');
  });

  test('a refusal comes in the form that the caller reads', () => {
    const form = (pairs: Pairs) => read(pairs).refusalForm;
    const grpc = ['content-type', 'application/grpc'] as const;
    assert.equal(form(change({ ':method': 'POST', ':path': 'a' }, grpc)), RefusalForm.grpc);
    assert.equal(form(change({ ':method': 'POST', ':path': 'a' }, grpc, ['x-a', 'text/plain'])), RefusalForm.grpc);
    assert.equal(form(change({ ':method': 'POST', ':path': 'a' })), RefusalForm.problem);
    assert.equal(form(change({ ':method': 'HEAD', ':path': 'a' }, grpc)), RefusalForm.bodiless);
  });

  test('a block that was too large is refused', () => {
    assert.equal(readRequest(new FieldBlock([], 1e6, true), limits).code, 'header_too_large');
  });

  test('of any fields, what is served has no line that is not one field', () => {
    const text = fc.string({
      unit: fc.integer({ min: 0, max: 255 }).map(code => String.fromCharCode(code)),
      maxLength: 12,
      size: 'max',
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
