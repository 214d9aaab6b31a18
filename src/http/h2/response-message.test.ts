// Responses from header blocks: the head that each becomes, how its body ends, and what is no response.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { HeadLimits } from '../h1/field-lines.ts';
import { BodyFraming } from '../h1/response-head.ts';
import { HeaderId } from '../header-names.ts';
import { fieldOf } from './hpack/field.ts';
import { FieldBlock } from './hpack/field-block.ts';
import { type ResponseMessage, ResponseVerdict, readResponse } from './response-message.ts';

const limits: HeadLimits = { requestLineBytesMax: 200, headerBytesMax: 400, headerCountMax: 4 };
type Pairs = readonly (readonly [string, string])[];

const blockOf = (pairs: Pairs): FieldBlock<ResponseMessage> =>
  new FieldBlock(
    pairs.map(([name, value]) => fieldOf(name, value)),
    0,
    false,
  );
const read = (status: string, ...more: Pairs) => readResponse(blockOf([[':status', status], ...more]), limits);

describe('a response', () => {
  test('is a head as HTTP/1.1 has it', () => {
    const head = read('200', ['x-a', '1'], ['content-type', 'text/plain'], ['set-cookie', 'a=1']).toHead(false, false);
    assert.deepEqual([head.status, head.validStatusLine, head.keepAlive, head.upgrade], [200, true, true, '']);
    assert.equal(head.headers.lines(), 'x-a: 1\r\ncontent-type: text/plain\r\nset-cookie: a=1\r\n');
    assert.deepEqual([head.headers.getById(HeaderId.contentType), head.headers.get('x-a')], ['text/plain', '1']);
    let text = '';
    const field = () => assert.fail('nothing was added');
    head.headers.writeWithStartLine({ text: piece => (text += piece), field, bytes: field });
    assert.equal(text, `HTTP/1.1 200 OK\r\n${head.headers.lines()}`);
  });

  test('has a body that ends by its length, or with the stream, or none', () => {
    const of = (message: ResponseMessage, endStream = false, toHead = false) => {
      const { framing, contentLength } = message.toHead(endStream, toHead);
      return [framing, contentLength];
    };
    assert.deepEqual(of(read('200')), [BodyFraming.chunked, -1]);
    assert.deepEqual(of(read('200'), true), [BodyFraming.none, -1]);
    assert.deepEqual(of(read('200'), false, true), [BodyFraming.none, -1]);
    assert.deepEqual(of(read('200', ['content-length', '5'])), [BodyFraming.length, 5]);
    assert.deepEqual(of(read('200', ['content-length', '5']), true), [BodyFraming.none, 5]);
    assert.deepEqual(of(read('200', ['content-length', '0'])), [BodyFraming.none, 0]);
    assert.deepEqual(of(read('304', ['content-length', '5'])), [BodyFraming.none, 5]);
    assert.deepEqual(of(read('204', ['content-length', '0'])), [BodyFraming.none, 0]);
  });

  test('of a block that comes again is not read again under the same limits, and its head is one of its own', () => {
    const block = blockOf([
      [':status', '200'],
      ['x-a', '1'],
    ]);
    const message = readResponse(block, limits);
    assert.equal(readResponse(block, limits), message);
    message.toHead(true, false).headers.remove('x-a');
    assert.equal(message.toHead(true, false).headers.get('x-a'), '1');
    assert.equal(readResponse(block, { ...limits, headerCountMax: 0 }).verdict, ResponseVerdict.tooLarge);
  });
});

describe('what is none', () => {
  const cases: readonly (readonly [why: string, pairs: Pairs])[] = [
    ['nothing', []],
    ['no status', [['x-a', '1']]],
    [
      'a status behind a field',
      [
        ['x-a', '1'],
        [':status', '200'],
      ],
    ],
    [
      'two statuses',
      [
        [':status', '200'],
        [':status', '200'],
      ],
    ],
    [
      'a pseudo-header field of requests',
      [
        [':status', '200'],
        [':path', '/'],
      ],
    ],
    ['a status below 100', [[':status', '099']]],
    ['a status above 599', [[':status', '600']]],
    ['a status of four digits', [[':status', '2000']]],
    ['a status with a sign', [[':status', '+20']]],
    ['a switch of protocols', [[':status', '101']]],
    [
      'an upper-case name',
      [
        [':status', '200'],
        ['X-A', '1'],
      ],
    ],
    [
      'a line end in a value',
      [
        [':status', '200'],
        ['x-a', '1\r\nx-b: 2'],
      ],
    ],
    [
      'connection',
      [
        [':status', '200'],
        ['connection', 'close'],
      ],
    ],
    [
      'keep-alive',
      [
        [':status', '200'],
        ['keep-alive', 'timeout=5'],
      ],
    ],
    [
      'proxy-connection',
      [
        [':status', '200'],
        ['proxy-connection', 'close'],
      ],
    ],
    [
      'transfer-encoding',
      [
        [':status', '200'],
        ['transfer-encoding', 'chunked'],
      ],
    ],
    [
      'te',
      [
        [':status', '200'],
        ['te', 'trailers'],
      ],
    ],
    [
      'upgrade',
      [
        [':status', '200'],
        ['upgrade', 'websocket'],
      ],
    ],
    [
      'a length in disguise',
      [
        [':status', '200'],
        ['content_length', '1'],
      ],
    ],
    [
      'a coding in disguise',
      [
        [':status', '200'],
        ['transfer_encoding', 'chunked'],
      ],
    ],
    [
      'two lengths',
      [
        [':status', '200'],
        ['content-length', '1'],
        ['content-length', '1'],
      ],
    ],
    [
      'an empty length',
      [
        [':status', '200'],
        ['content-length', ''],
      ],
    ],
    [
      'a length with a zero in front',
      [
        [':status', '200'],
        ['content-length', '01'],
      ],
    ],
    [
      'a length with a sign',
      [
        [':status', '200'],
        ['content-length', '-1'],
      ],
    ],
    [
      'a length of 16 digits',
      [
        [':status', '200'],
        ['content-length', '1000000000000000'],
      ],
    ],
    [
      'a length in an interim response',
      [
        [':status', '103'],
        ['content-length', '0'],
      ],
    ],
    [
      'a length of a 204',
      [
        [':status', '204'],
        ['content-length', '1'],
      ],
    ],
  ];
  for (const [why, pairs] of cases) {
    test(why, () => {
      const { verdict, flaw } = readResponse(blockOf(pairs), limits);
      assert.equal(verdict, ResponseVerdict.malformed);
      assert.match(flaw, /[.a-z]$/);
    });
  }

  test('fields that only look alike are served', () => {
    for (const [name, value] of [
      ['x-connection', 'close'],
      ['x_y', '1'],
      ['trailer', 'x-sum'],
      ['expect', '1'],
      ['content-length', '999999999999999'],
    ] as const)
      assert.equal(read('200', [name, value]).verdict, ResponseVerdict.served, name);
    for (const status of ['100', '103', '599']) assert.equal(read(status).verdict, ResponseVerdict.served, status);
  });

  test('more than the limits allow, to the field and to the byte', () => {
    const of = (more: Pairs) => read('200', ...more).verdict;
    const fields = (count: number) => Array.from({ length: count }, (_, at) => [`x${at}`, ''] as const);
    assert.equal(of(fields(4)), ResponseVerdict.served);
    assert.equal(of(fields(5)), ResponseVerdict.tooLarge);
    const rest = 'HTTP/1.1 200 OK\r\nx: \r\n'.length;
    assert.equal(of([['x', 'v'.repeat(400 - rest)]]), ResponseVerdict.served);
    assert.equal(of([['x', 'v'.repeat(401 - rest)]]), ResponseVerdict.tooLarge);
    assert.equal(readResponse(new FieldBlock([], 1e6, true), limits).verdict, ResponseVerdict.tooLarge);
  });
});
