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

test('fields that routing, identity or framing rest on are taken out of trailers', () => {
  const { trailers } = decode('0\r\nAuthorization: x\r\nX-Ok: 1\r\nCookie: a=1\r\n\r\n', BodyFraming.chunked);
  assert.deepEqual([...trailers!], [['X-Ok', '1']]);
});

test('and so are those of RFC 9110 section 6.5.1 that only others read: conditions, ranges, caching, challenges', () => {
  const forbidden = [
    ...['If-Match', 'If-Range', 'Range', 'Content-Range', 'Max-Forwards', 'Age', 'Expires', 'Retry-After', 'Pragma'],
    ...['WWW-Authenticate', 'Set-Cookie', 'Content-Type', 'Content-Encoding', 'Location', 'Vary', 'Cache-Control'],
    ...['X-Forwarded-For', 'X-Real-IP', 'Max_Forwards', 'X-HTTP-Method-Override'],
  ];
  for (const name of forbidden) {
    const { trailers } = decode(`0\r\n${name}: x\r\nGrpc-Status: 0\r\n\r\n`, BodyFraming.chunked);
    assert.deepEqual([...trailers!], [['Grpc-Status', '0']], name);
  }
});

const refused: [why: string, wire: string, refusal: number][] = [
  ['no size', '\r\n', Refusal.chunk],
  ['a sign', '+1\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a prefix', '0x1\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a space behind the size', '1 \r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a size beyond every body', `${'f'.repeat(14)}\r\n`, Refusal.chunk],
  ['a bare LF behind the size', '1\na\r\n0\r\n\r\n', Refusal.lineEnding],
  ['a bare CR behind the size', '1\rxa\r\n0\r\n\r\n', Refusal.lineEnding],
  ['more data than the size', '1\r\nab\r\n0\r\n\r\n', Refusal.chunk],
  ['a bare LF behind the data', '1\r\na\n0\r\n\r\n', Refusal.chunk],
  ['an extension without a name', '1;\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['a control byte in an extension', '1;a="\x01"\r\na\r\n0\r\n\r\n', Refusal.chunk],
  ['an endless line of extensions', `1;a=${'b'.repeat(600)}\r\n`, Refusal.chunk],
  ['a length in the trailers', '0\r\nContent-Length: 1\r\n\r\n', Refusal.chunk],
  ['a coding in the trailers', '0\r\nTransfer-Encoding: chunked\r\n\r\n', Refusal.chunk],
  ['a host in the trailers', '0\r\nHost: h\r\n\r\n', Refusal.chunk],
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
