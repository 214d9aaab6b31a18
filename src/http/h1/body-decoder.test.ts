// Bodies end where their framing says, however the bytes are cut; malformed chunks are refused at the byte that proves it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BodyDecoder } from './body-decoder.ts';
import { Refusal } from './parse-outcome.ts';
import { BodyFraming } from './response-head.ts';

/** Feeds `wire` in pieces that end at `cuts`. Returns the body and the unread rest, or the refusal and the body so far. */
function decode(wire: string, framing: number, length = 0, cuts: readonly number[] = []) {
  const decoder = new BodyDecoder(framing, length);
  const bytes = Buffer.from(wire, 'latin1');
  let body = '';
  const sink = {
    onBody(from: Buffer, start: number, end: number) {
      body += from.toString('latin1', start, end);
    },
  };
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    while (at < cut && !decoder.done) {
      const taken = decoder.feed(bytes, at, cut, sink);
      if (taken < 0) return { refusal: taken, body };
      at += taken;
    }
  }
  return { body, rest: bytes.toString('latin1', at), done: decoder.done, trailers: decoder.trailers };
}

test('a body with a length ends there', () => {
  const { body, rest, done } = decode('hello!next', BodyFraming.length, 6);
  assert.deepEqual([body, rest, done], ['hello!', 'next', true]);
  assert.equal(new BodyDecoder(BodyFraming.length, 0).done, true);
  assert.equal(new BodyDecoder(BodyFraming.none, -1).done, true);
});

test('a body with a length is as long as that, however it is cut', () => {
  for (const cuts of [[], [1], [5], [1, 2, 3, 4, 5], [6], [3, 8]]) {
    const { body, rest, done } = decode('hello!next', BodyFraming.length, 6, cuts);
    assert.deepEqual([body, rest, done], ['hello!', 'next', true], cuts.join());
    assert.deepEqual([decode('hello!', BodyFraming.length, 6, cuts).done], [true], cuts.join());
    const cut = decode(
      'hello',
      BodyFraming.length,
      6,
      cuts.filter(at => at < 6),
    );
    assert.deepEqual([cut.body, cut.done], ['hello', false], cuts.join());
  }
});

test('a body until close is never done', () => {
  const { body, done } = decode('abc', BodyFraming.untilClose);
  assert.deepEqual([body, done], ['abc', false]);
});

test('chunks with extensions and trailers, cut anywhere, are one body', () => {
  const wire = '3;a=b;c="d\\"e;"\r\nabc\r\na\r\n' + '0123456789\r\n000\r\nX-Sum: 1\r\nETag: "e"\r\n\r\nGET';
  fc.assert(
    fc.property(fc.array(fc.nat({ max: wire.length - 1 }), { maxLength: 8 }), cuts => {
      const { body, rest, done, trailers } = decode(
        wire,
        BodyFraming.chunked,
        0,
        cuts.toSorted((a, b) => a - b),
      );
      assert.deepEqual([body, rest, done], ['abc0123456789', 'GET', true]);
      assert.deepEqual(
        [...trailers!],
        [
          ['X-Sum', '1'],
          ['ETag', '"e"'],
        ],
      );
    }),
  );
});

test('how much of the body has come is told without its framing', () => {
  const received = (wire: string, framing: number, length: number) => {
    const decoder = new BodyDecoder(framing, length);
    decoder.feed(Buffer.from(wire), 0, wire.length, { onBody: () => {} });
    return decoder.received;
  };
  assert.equal(received('hello!next', BodyFraming.length, 6), 6);
  assert.equal(received('abc', BodyFraming.untilClose, -1), 3);
  assert.equal(received('3;a=b\r\nabc\r\nA\r\n01234', BodyFraming.chunked, -1), 8);
});

test('nothing is passed on where there is nothing', () => {
  const sink = { onBody: () => assert.fail('there are no bytes') };
  assert.equal(new BodyDecoder(BodyFraming.untilClose, -1).feed(Buffer.from('a'), 1, 1, sink), 0);
  assert.equal(decode('0\r\n\r\n', BodyFraming.chunked).trailers, null);
});

test('the size of a chunk is hexadecimal, in capital letters or not', () => {
  for (const [written, size] of [
    ['10', 16],
    ['fF', 255],
    ['0Ab', 171],
    ['1234', 0x1234],
  ] as const) {
    const text = 'x'.repeat(size);
    const { body, done } = decode(`${written}\r\n${text}\r\n0\r\n\r\n`, BodyFraming.chunked);
    assert.deepEqual([body === text, done], [true, true], written);
  }
});

test('trailers that were refused say nothing of those of the next body', () => {
  for (const line of ['Content-Length: 1', 'Transfer-Encoding: chunked', 'Host: h', 'Content_Length: 1']) {
    assert.equal(decode(`0\r\n${line}\r\n\r\n`, BodyFraming.chunked).refusal, Refusal.chunk);
    const { trailers } = decode('0\r\nX-A: 1\r\nX-B: 2\r\n\r\n', BodyFraming.chunked);
    assert.equal(trailers?.lines(), 'X-A: 1\r\nX-B: 2\r\n');
  }
});

test('extensions in every form that the grammar has', () => {
  for (const extension of [
    'a',
    'name=value;other',
    'a;b',
    'a=b;c',
    'a="";b',
    'a="b c";d=e',
    'a="\\"\\\\"',
    'a="\t\xff"',
  ]) {
    const { body, done } = decode(`1;${extension}\r\nx\r\n0\r\n\r\n`, BodyFraming.chunked);
    assert.deepEqual([body, done], ['x', true], extension);
  }
});

test('limits of chunks hold to the byte: digits of a size, a line, all extensions of a body, fields and bytes of trailers', () => {
  const outcome = (wire: string) => {
    const { refusal, done } = decode(wire, BodyFraming.chunked);
    return refusal ?? done;
  };
  const last = '0\r\n\r\n';
  assert.equal(outcome(`0000000000001\r\nx\r\n${last}`), true);
  assert.equal(outcome(`00000000000001\r\nx\r\n${last}`), Refusal.chunk);
  const line = (bytes: number) => `1;${'a'.repeat(bytes - '1;\r\n'.length)}\r\nx\r\n`;
  assert.equal(outcome(line(512).repeat(2) + last), true);
  assert.equal(outcome(line(513) + last), Refusal.chunk);
  // 256 bytes of extension in each chunk, its CR included.
  const extended = `1;${'a'.repeat(255)}\r\nx\r\n`;
  assert.equal(outcome(extended.repeat(64) + last), true);
  assert.equal(outcome(`${extended.repeat(64)}1;a\r\nx\r\n${last}`), Refusal.chunk);
  assert.equal(outcome(`0\r\n${'X-A: 1\r\n'.repeat(64)}\r\n`), true);
  assert.equal(outcome(`0\r\n${'X-A: 1\r\n'.repeat(65)}\r\n`), Refusal.chunk);
  const trailers = (bytes: number) => `0\r\nX-A: ${'b'.repeat(bytes - 'X-A: \r\n\r\n'.length)}\r\n\r\n`;
  assert.equal(outcome(trailers(8_192)), true);
  assert.equal(outcome(trailers(8_193)), Refusal.chunk);
});

test('fields that routing, identity or framing rest on are taken out of trailers', () => {
  const { trailers } = decode('0\r\nAuthorization: x\r\nX-Ok: 1\r\nCookie: a=1\r\n\r\n', BodyFraming.chunked);
  assert.deepEqual([...trailers!], [['X-Ok', '1']]);
});

test('and so are those of RFC 9110 section 6.5.1 that only others read: conditions, ranges, caching, challenges', () => {
  const forbidden = [
    ...['If-Match', 'If-Range', 'Range', 'Content-Range', 'Max-Forwards', 'Age', 'Expires', 'Retry-After', 'Pragma'],
    ...['WWW-Authenticate', 'Set-Cookie', 'Content-Type', 'Content-Encoding', 'Location', 'Vary', 'Cache-Control'],
    ...['X-Forwarded-For', 'X-Real-IP', 'Max_Forwards', 'X-HTTP-Method-Override', 'X-Method-Override'],
    ...['If-None-Match', 'If-Modified-Since', 'If-Unmodified-Since', 'Warning', 'Allow', 'Content-Location'],
    ...['Content-Language', 'X-Original-URL', 'X-Rewrite-URL', 'Traceparent', 'Client-Cert', 'Proxy-Authorization'],
  ];
  for (const name of forbidden) {
    const { trailers } = decode(`0\r\n${name}: x\r\nGrpc-Status: 0\r\n\r\n`, BodyFraming.chunked);
    assert.deepEqual([...trailers!], [['Grpc-Status', '0']], name);
  }
});

test('what tells of the body that was sent may come after it', () => {
  const { trailers } = decode('0\r\nETag: "e"\r\nDate: d\r\nServer: s\r\nX-A: 1\r\n\r\n', BodyFraming.chunked);
  assert.deepEqual(
    [...trailers!].map(([name]) => name),
    ['ETag', 'Date', 'Server', 'X-A'],
  );
});

const refused: [why: string, wire: string, refusal: number][] = [
  ['no size', '\r\n', Refusal.chunk],
  ['no size behind a chunk', '1\r\na\r\n\r\n\r\n', Refusal.chunk],
  ['a sign', '+1\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a prefix', '0x1\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a space behind the size', '1 \r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a size beyond every body', `${'f'.repeat(14)}\r\n`, Refusal.chunk],
  ['a bare LF behind the size', '1\na\r\n0\r\n\r\n', Refusal.lineEnding],
  ['a bare CR behind the size', '1\rxa\r\n0\r\n\r\n', Refusal.lineEnding],
  ['more data than the size', '1\r\nab\r\n0\r\n\r\n', Refusal.chunk],
  ['a bare LF behind the data', '1\r\na\n0\r\n\r\n', Refusal.chunk],
  ['an extension without a name', '1;\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['an extension without a name and a value', '1;=b\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['an empty extension between two', '1;a;;b\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['an extension without its value', '1;a=\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['an extension with two values', '1;a=b=c\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a space before a value', '1;a= b"\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a token right behind a quoted value', '1;a="b"c\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a quoted string right behind another', '1;a="b""c"\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a quoted name', '1;"a"\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a quote inside a token', '1;a=b"c"\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a space before an extension', '1 ;a\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a space in an extension', '1; a\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a bare LF behind an extension', '1;a\na\r\n0\r\n\r\n', Refusal.lineEnding],
  ['a bare CR behind an extension', '1;a\ra\r\n0\r\n\r\n', Refusal.lineEnding],
  ['a line end in a quoted string', '1;a="b\r\n"\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a bare CR behind the data', '1\r\na\rb0\r\n\r\n', Refusal.chunk],
  ['a control byte in an extension', '1;a="\x01"\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['an endless line of extensions', `1;a=${'b'.repeat(600)}\r\n`, Refusal.chunk],
  ['a length in the trailers', '0\r\nContent-Length: 1\r\n\r\n', Refusal.chunk],
  ['a coding in the trailers', '0\r\nTransfer-Encoding: chunked\r\n\r\n', Refusal.chunk],
  ['a host in the trailers', '0\r\nHost: h\r\n\r\n', Refusal.chunk],
  ['a length in disguise in the trailers', '0\r\nContent_Length: 1\r\n\r\n', Refusal.chunk],
  ['a line without a colon in the trailers', '0\r\nX-A\r\n\r\n', Refusal.chunk],
  ['a bare LF in the trailers', '0\r\nX-A: 1\n\r\n', Refusal.lineEnding],
  ['trailers beyond their limit', `0\r\nX-A: ${'b'.repeat(9_000)}\r\n\r\n`, Refusal.chunk],
];
for (const [why, wire, refusal] of refused) {
  test(`refused: ${why}, also byte by byte`, () => {
    assert.equal(decode(wire, BodyFraming.chunked).refusal, refusal);
    const everywhere = Array.from({ length: wire.length }, (_, i) => i);
    assert.equal(decode(wire, BodyFraming.chunked, 0, everywhere).refusal, refusal);
  });
}
