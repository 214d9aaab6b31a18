// How a response's body ends, by status, method and fields; responses that contradict themselves are refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INCOMPLETE, Refusal } from './parse-outcome.ts';
import { BodyFraming, parseResponseHead, takeResponseHead } from './response-head.ts';

const limits = { requestLineBytesMax: 200, headerBytesMax: 400, headerCountMax: 8 };

/** `behind` is what follows the received bytes in the buffer: bytes of earlier reads. */
function parse(text: string, toHead = false, behind = ''): number {
  const bytes = Buffer.from(text + behind, 'latin1');
  return parseResponseHead(bytes, 0, text.length, toHead, limits);
}

const framings: [what: string, text: string, framing: number, keepAlive: boolean, toHead?: boolean][] = [
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', BodyFraming.length, true],
  ['no bytes', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', BodyFraming.none, true],
  ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', BodyFraming.chunked, true],
  ['until the end', 'HTTP/1.1 200 OK\r\n\r\n', BodyFraming.untilClose, false],
  ['to HEAD nothing', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', BodyFraming.none, true, true],
  ['304 has none', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', BodyFraming.none, true],
  ['204 has none', 'HTTP/1.1 204 No Content\r\n\r\n', BodyFraming.none, true],
  ['HTTP/1.0 closes', 'HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n', BodyFraming.length, false],
  ['no reason', 'HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n', BodyFraming.length, true],
  ['Connection: close', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n', BodyFraming.length, false],
  [
    'HTTP/1.0 with keep-alive',
    'HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n',
    BodyFraming.length,
    true,
  ],
  [
    'HTTP/1.0 with both options',
    'HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive, close\r\n\r\n',
    BodyFraming.length,
    false,
  ],
];
for (const [what, text, framing, keepAlive, toHead = false] of framings) {
  test(`framing: ${what}`, () => {
    assert.equal(parse(text, toHead), text.length);
    const head = takeResponseHead();
    assert.deepEqual([head.framing, head.keepAlive], [framing, keepAlive]);
  });
}

// The HTTP server of the JDK sends its 100 with a length of 0.
for (const status of [100, 103]) {
  test(`a length of 0 in a ${status} says what is so, and is not passed on`, () => {
    const text = `HTTP/1.1 ${status} x\r\nContent-Length: 0\r\nX-A: 1\r\n\r\n`;
    assert.equal(parse(text), text.length);
    assert.equal(takeResponseHead().headers.lines(), 'X-A: 1\r\n');
  });
}

test('a status line is sent on as received only if it is one of HTTP/1.1 with a space after the status', () => {
  for (const [line, valid] of [
    ['HTTP/1.1 200 Own reason', true],
    ['HTTP/1.1 200 ', true],
    ['HTTP/1.1 200', false],
    ['HTTP/1.0 200 OK', false],
  ] as const) {
    assert.ok(parse(`${line}\r\nContent-Length: 0\r\n\r\n`) > 0);
    assert.equal(takeResponseHead().validStatusLine, valid, line);
  }
});

test('cut anywhere it is incomplete', () => {
  const text = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n';
  for (let length = 0; length < text.length; length++)
    assert.equal(parse(text.slice(0, length)), INCOMPLETE, `${length}`);
});

const refused: [why: string, text: string, refusal: number][] = [
  ['another protocol', 'ICY 200 OK\r\n\r\n', Refusal.statusLine],
  ['two digits', 'HTTP/1.1 20 OK\r\n\r\n', Refusal.statusLine],
  ['600', 'HTTP/1.1 600 x\r\n\r\n', Refusal.statusLine],
  ['a bare LF', 'HTTP/1.1 200 OK\n\n', Refusal.lineEnding],
  [
    'length and chunked',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    Refusal.conflictingLength,
  ],
  ['gzip as a transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n', Refusal.transferCoding],
  ['204 with chunks', 'HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n', Refusal.transferCoding],
  ['204 with a length', 'HTTP/1.1 204 x\r\nContent-Length: 1\r\n\r\n', Refusal.contentLength],
  ['100 with a length', 'HTTP/1.1 100 x\r\nContent-Length: 1\r\n\r\n', Refusal.contentLength],
  ['100 that closes', 'HTTP/1.1 100 x\r\nConnection: close\r\n\r\n', Refusal.statusLine],
  ['a head beyond its limit', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(500)}\r\n\r\n`, Refusal.headerTooLarge],
];
for (const [why, text, refusal] of refused) {
  test(`refused: ${why}`, () => assert.equal(parse(text), refusal));
}

test('cut anywhere, a refused head is incomplete or refused for the same reason, whatever bytes are behind it', () => {
  for (const [why, text, refusal] of refused) {
    for (let length = 0; length < text.length; length++) {
      for (const behind of ['', ' ', '\n', '\r', '\r\n\r\n', '200 OK\r\n\r\n']) {
        const outcome = parse(text.slice(0, length), false, behind);
        assert.ok(outcome === INCOMPLETE || outcome === refusal, JSON.stringify([why, length, behind, outcome]));
      }
    }
  }
});
