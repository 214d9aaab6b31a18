// How a response's body ends, by status, method and fields; responses that contradict themselves are refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INCOMPLETE, Refusal } from './parse-outcome.ts';
import { BodyFraming, parseResponseHead, takeResponseHead } from './response-head.ts';

const limits = { requestLineBytesMax: 200, headerBytesMax: 400, headerCountMax: 8 };

/** Larger than every limit: a head may begin anywhere in the buffer. */
const before = 'x'.repeat(500);

/** `behind` is what follows the received bytes in the buffer: bytes of earlier reads. */
function parse(text: string, toHead = false, behind = ''): number {
  const bytes = Buffer.from(before + text + behind, 'latin1');
  return parseResponseHead(bytes, before.length, before.length + text.length, toHead, limits);
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

test('the announced length is told also where no body follows', () => {
  for (const [text, toHead, length] of [
    ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', true, 5],
    ['HTTP/1.1 304 x\r\nContent-Length: 7\r\n\r\n', false, 7],
    ['HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n', false, 0],
    ['HTTP/1.1 200 OK\r\n\r\n', false, -1],
  ] as const) {
    assert.equal(parse(text, toHead), text.length);
    assert.equal(takeResponseHead().contentLength, length, text);
  }
});

test('fields of the connection are read and not passed on; all others are, a length of 0 too', () => {
  const text = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nConnection: x-a\r\nX-A: 1\r\nContent-Length: 0\r\n\r\n';
  assert.equal(parse(text), text.length);
  const head = takeResponseHead();
  assert.deepEqual([head.keepAliveSeconds, head.upgrade], [5, '']);
  assert.equal(head.headers.lines(), 'Content-Length: 0\r\n');
});

test('a name with underscores for hyphens is a field of its own', () => {
  assert.ok(parse('HTTP/1.1 200 OK\r\nContent_Type: a\r\nContent-Type: b\r\n\r\n') > 0);
  const { headers } = takeResponseHead();
  assert.deepEqual([headers.get('content_type'), headers.get('content-type')], ['a', 'b']);
});

test('a switch of protocols says to which; in no other response does Upgrade mean one', () => {
  const fields = 'Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n';
  for (const [status, upgrade] of [
    [101, 'websocket'],
    [200, ''],
    [426, ''],
  ] as const) {
    assert.ok(parse(`HTTP/1.1 ${status} x\r\n${fields}`) > 0);
    const head = takeResponseHead();
    assert.deepEqual([head.status, head.upgrade, head.headers.get('upgrade')], [status, upgrade, undefined]);
  }
  assert.ok(parse('HTTP/1.1 101 x\r\n\r\n') > 0);
  assert.equal(takeResponseHead().upgrade, '');
  assert.ok(parse('HTTP/1.1 101 x\r\nConnection: close\r\n\r\n') > 0, 'the connection ends with the new protocol');
  takeResponseHead();
});

test('every status of three digits from 100 to 599', () => {
  for (const status of [100, 199, 200, 299, 305, 410, 599]) {
    assert.ok(parse(`HTTP/1.1 ${status} x\r\n\r\n`) > 0);
    assert.equal(takeResponseHead().status, status);
  }
});

test('a status line may be as long as the limit, and no byte longer, whole or not', () => {
  const line = (length: number) => `HTTP/1.1 200 ${'r'.repeat(length - 'HTTP/1.1 200 '.length)}`;
  assert.ok(parse(`${line(200)}\r\n\r\n`) > 0);
  assert.equal(parse(line(200)), INCOMPLETE);
  assert.equal(parse(`${line(201)}\r\n\r\n`), Refusal.headerTooLarge);
  assert.equal(parse(line(201)), Refusal.headerTooLarge);
});

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
  ['another letter', 'XTTP/1.1 200 OK\r\n\r\n', Refusal.statusLine],
  ['another protocol', 'ICY 200 OK\r\n\r\n', Refusal.statusLine],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\n\r\n', Refusal.statusLine],
  ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', Refusal.statusLine],
  ['no space before the status', 'HTTP/1.1-200 OK\r\n\r\n', Refusal.statusLine],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n', Refusal.statusLine],
  ['099', 'HTTP/1.1 099 x\r\n\r\n', Refusal.statusLine],
  ['a status with other signs', 'HTTP/1.1 2/0 x\r\n\r\n', Refusal.statusLine],
  ['a status with letters', 'HTTP/1.1 2a0 x\r\n\r\n', Refusal.statusLine],
  ['a status with other signs at its end', 'HTTP/1.1 20/ x\r\n\r\n', Refusal.statusLine],
  ['a status with letters at its end', 'HTTP/1.1 20: x\r\n\r\n', Refusal.statusLine],
  ['four digits', 'HTTP/1.1 2000 x\r\n\r\n', Refusal.statusLine],
  ['a bare LF behind the status', 'HTTP/1.1 200\n\n', Refusal.lineEnding],
  ['a bare CR behind the status', 'HTTP/1.1 200\rx\r\n\r\n', Refusal.lineEnding],
  ['a control byte in the reason', 'HTTP/1.1 200 O\x01K\r\n\r\n', Refusal.statusLine],
  ['chunked twice', `HTTP/1.1 200 OK\r\n${'Transfer-Encoding: chunked\r\n'.repeat(2)}\r\n`, Refusal.transferCoding],
  ['chunked in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', Refusal.transferCoding],
  ['103 with chunks', 'HTTP/1.1 103 x\r\nTransfer-Encoding: chunked\r\n\r\n', Refusal.transferCoding],
  ['101 with a length', 'HTTP/1.1 101 x\r\nContent-Length: 1\r\n\r\n', Refusal.contentLength],
  ['100 of HTTP/1.0', 'HTTP/1.0 100 x\r\nConnection: keep-alive\r\n\r\n', Refusal.statusLine],
  ['199 that closes', 'HTTP/1.1 199 x\r\nConnection: close\r\n\r\n', Refusal.statusLine],
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
