// Each head is read in one way, whole or cut anywhere; a head that could be read in two ways is refused with the matching reason.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { INCOMPLETE, Refusal } from './parse-outcome.ts';
import { parseRequestHead, takeRequestHead } from './request-head.ts';

const limits = { requestLineBytesMax: 100, headerBytesMax: 400, headerCountMax: 8 };

// The buffer that a connection reads into is larger than what was received: bytes of earlier reads may follow.
const behinds = ['', 'a', ' ', '\n', '\r', '\r\n\r\n', '1 HTTP/1.1\r\nHost: h\r\n\r\n'];

/** `behind` is what follows the received bytes in the buffer. */
function parse(text: string, behind = ''): number {
  const bytes = Buffer.from(text + behind, 'latin1');
  return parseRequestHead(bytes, 0, text.length, limits);
}

test('a head with everything', () => {
  const text =
    'PUT /a/b?c=d HTTP/1.1\r\nHost: h:80\r\nContent-Length: 5\r\nExpect: 100-continue\r\nX-A: 1\r\n\r\nhello';
  assert.equal(parse(text), text.length - 5);
  const head = takeRequestHead();
  assert.equal(head.method, 'PUT');
  assert.equal(head.rawPath, '/a/b');
  assert.equal(head.query, 'c=d');
  assert.equal(head.authority, 'h:80');
  assert.equal(head.contentLength, 5);
  assert.equal(head.expectContinue, true);
  assert.equal(head.keepAlive, true);
  assert.equal(head.headers.get('x-a'), '1');
});

test('cut anywhere it is incomplete, never another head', () => {
  const text = 'POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n';
  for (let length = 0; length < text.length; length++)
    for (const behind of behinds) assert.equal(parse(text.slice(0, length), behind), INCOMPLETE, `${length}`);
  assert.equal(parse(text), text.length);
  assert.equal(takeRequestHead().lengthUnknown, true);
});

test('whether the connection goes on is read from version and Connection', () => {
  const cases: [head: string, keepAlive: boolean][] = [
    ['GET / HTTP/1.1\r\nHost: h\r\n\r\n', true],
    ['GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n', false],
    ['GET / HTTP/1.0\r\n\r\n', false],
    ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', true],
    ['GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n', false],
  ];
  for (const [head, keepAlive] of cases) {
    assert.ok(parse(head) > 0);
    assert.equal(takeRequestHead().keepAlive, keepAlive, head);
  }
});

test('an upgrade is one that Connection names too, of one protocol, and not to HTTP/2', () => {
  const cases: [fields: string, upgrade: string][] = [
    ['Connection: Upgrade\r\nUpgrade: websocket\r\n', 'websocket'],
    ['Upgrade: websocket\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: websocket, other\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: h2c\r\n', ''],
  ];
  for (const [fields, upgrade] of cases) {
    assert.ok(parse(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`) > 0);
    assert.equal(takeRequestHead().upgrade, upgrade, fields);
  }
});

const host = 'Host: h\r\n';
const refused: [why: string, text: string, refusal: number][] = [
  ['no version', 'GET /\r\n', Refusal.requestLine],
  ['two spaces', 'GET  / HTTP/1.1\r\n', Refusal.requestLine],
  ['a tab', 'GET\t/ HTTP/1.1\r\n', Refusal.requestLine],
  ['a bare LF', `GET / HTTP/1.1\n${host}\n`, Refusal.lineEnding],
  ['a bare CR', 'GET / HTTP/1.1\rHost: h\r\n\r\n', Refusal.lineEnding],
  ['HTTP/2.0', `GET / HTTP/2.0\r\n${host}\r\n`, Refusal.version],
  ['a fragment', `GET /a#b HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['a control byte in the target', `GET /a\x01 HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['CONNECT', `CONNECT h:1 HTTP/1.1\r\n${host}\r\n`, Refusal.method],
  ['a method in lower case', `get / HTTP/1.1\r\n${host}\r\n`, Refusal.method],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', Refusal.host],
  ['two Hosts', `GET / HTTP/1.1\r\n${host}${host}\r\n`, Refusal.host],
  ['a Host with user information', 'GET / HTTP/1.1\r\nHost: a@b\r\n\r\n', Refusal.host],
  ['another host in the target', `GET http://other/ HTTP/1.1\r\n${host}\r\n`, Refusal.host],
  ['a space before the colon', 'GET / HTTP/1.1\r\nHost : h\r\n\r\n', Refusal.header],
  ['a folded field', `GET / HTTP/1.1\r\n${host}X-A: 1\r\n 2\r\n\r\n`, Refusal.header],
  ['a name with an underscore for a hyphen', `GET / HTTP/1.1\r\n${host}Content_Length: 1\r\n\r\n`, Refusal.header],
  [
    'length and chunked',
    `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n`,
    Refusal.conflictingLength,
  ],
  ['two lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, Refusal.contentLength],
  ['a signed length', `POST / HTTP/1.1\r\n${host}Content-Length: +1\r\n\r\n`, Refusal.contentLength],
  ['chunked not last', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked, gzip\r\n\r\n`, Refusal.transferCoding],
  ['chunked in HTTP/1.0', `POST / HTTP/1.0\r\n${host}Transfer-Encoding: chunked\r\n\r\n`, Refusal.transferCoding],
  ['another expectation', `GET / HTTP/1.1\r\n${host}Expect: tea\r\n\r\n`, Refusal.expectation],
  ['a long request line', `GET /${'a'.repeat(200)} HTTP/1.1\r\n${host}\r\n`, Refusal.uriTooLong],
  ['many bytes of fields', `GET / HTTP/1.1\r\n${host}X-A: ${'a'.repeat(500)}\r\n\r\n`, Refusal.headerTooLarge],
  ['many fields', `GET / HTTP/1.1\r\n${host}${'X-A: 1\r\n'.repeat(9)}\r\n`, Refusal.headerTooLarge],
];
for (const [why, text, refusal] of refused) {
  test(`refused: ${why}`, () => assert.equal(parse(text), refusal));
}

test('cut anywhere, a refused head is incomplete or refused for the same reason, whatever bytes are behind it', () => {
  for (const [why, text, refusal] of [
    ...refused,
    ['a space after the version', `GET / HTTP/1.1 \r\n${host}\r\n`, Refusal.requestLine] as const,
    ['HTTP/2.0 and a bare LF', `GET / HTTP/2.0\n${host}\r\n`, Refusal.version] as const,
    ['HTTP/2.0 and more', `GET / HTTP/2.0x\r\n${host}\r\n`, Refusal.version] as const,
    ['a bare LF before the head', `\nGET / HTTP/1.1\r\n${host}\r\n`, Refusal.lineEnding] as const,
  ]) {
    assert.equal(parse(text), refusal, why);
    for (let length = 0; length < text.length; length++) {
      for (const behind of behinds) {
        const outcome = parse(text.slice(0, length), behind);
        assert.ok(outcome === INCOMPLETE || outcome === refusal, JSON.stringify([why, length, behind, outcome]));
      }
    }
  }
});
