// Each head is read in one way, whole or cut anywhere; a head that could be read in two ways is refused with the matching reason.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knownMethods } from '../methods.ts';
import { INCOMPLETE, Refusal } from './parse-outcome.ts';
import { parseRequestHead, takeRequestHead } from './request-head.ts';

const limits = { requestLineBytesMax: 100, headerBytesMax: 400, headerCountMax: 8 };

// The buffer that a connection reads into is larger than what was received: bytes of earlier reads may follow.
const behinds = ['', 'a', ' ', '\n', '\r', '\r\n\r\n', '1 HTTP/1.1\r\nHost: h\r\n\r\n'];

/** Larger than every limit: a head may begin anywhere in the buffer. */
const before = 'x'.repeat(500);

/** `behind` is what follows the received bytes in the buffer. */
function parse(text: string, behind = ''): number {
  const bytes = Buffer.from(before + text + behind, 'latin1');
  return parseRequestHead(bytes, before.length, before.length + text.length, limits);
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
    ['Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: other\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: irc/6.9\r\n', 'irc/6.9'],
    ['Connection: Upgrade\r\nUpgrade: irc/\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: (irc\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: h2c\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: H2C/1\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: h2\r\n', ''],
    ['Connection: Upgrade\r\nUpgrade: h2x\r\n', 'h2x'],
    ['Connection: Upgrade\r\nUpgrade: oh2c\r\n', 'oh2c'],
  ];
  for (const [fields, upgrade] of cases) {
    assert.ok(parse(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`) > 0);
    assert.equal(takeRequestHead().upgrade, upgrade, fields);
  }
});

test('one empty line in front of a head is passed over, and counts as read (RFC 9112 section 2.2)', () => {
  const head = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
  assert.equal(parse(`\r\n${head}GET`), head.length + 2);
  assert.equal(takeRequestHead().headBytes, head.length);
  assert.equal(parse('\r'), INCOMPLETE);
  assert.equal(parse('\r', '\n'), INCOMPLETE);
  assert.equal(parse('\r\n'), INCOMPLETE);
  assert.equal(parse(`\r${head}`), Refusal.lineEnding);
  assert.equal(parse(`\r\n\r\n${head}`), Refusal.requestLine);
});

test('a request line may be as long as its limit, and no byte longer, whole or not', () => {
  const lineOf = (length: number) => `GET /${'a'.repeat(length - 'GET / HTTP/1.1'.length)} HTTP/1.1`;
  const withQuery = (length: number) => `GET /?${'a'.repeat(length - 'GET /? HTTP/1.1'.length)} HTTP/1.1`;
  for (const line of [lineOf, withQuery]) {
    assert.ok(parse(`${line(100)}\r\nHost: h\r\n\r\n`) > 0);
    assert.equal(parse(`${line(101)}\r\nHost: h\r\n\r\n`), Refusal.uriTooLong);
  }
  assert.equal(parse(`/${'a'.repeat(200)}`), Refusal.requestLine);
  assert.equal(parse('A'.repeat(100)), INCOMPLETE);
  assert.equal(parse('A'.repeat(101)), Refusal.uriTooLong);
  assert.equal(parse(`GET /${'a'.repeat(95)}`), INCOMPLETE);
  assert.equal(parse(`GET /${'a'.repeat(96)}`), Refusal.uriTooLong);
  assert.equal(parse(`GET /?${'a'.repeat(94)}`), INCOMPLETE);
  assert.equal(parse(`GET /?${'a'.repeat(95)}`), Refusal.uriTooLong);
});

test('paths that need care are told from plain ones', () => {
  const careful = (target: string): boolean => {
    assert.ok(parse(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`) > 0, target);
    return takeRequestHead().pathNeedsCare;
  };
  for (const target of ['/', '/a/b.c', '/a?x=../%2e//', '/a.b/c']) assert.equal(careful(target), false, target);
  for (const target of ['/a//b', '/./a', '/../a', '/a%41', '/a\\b', '/a/.', 'http://h/a'])
    assert.equal(careful(target), true, target);
});

test('every form of a target: its path, its query and its host (RFC 9112 section 3.2)', () => {
  const cases: [line: string, fields: string, ...expected: unknown[]][] = [
    ['GET /a HTTP/1.1', 'Host: h\r\n', 'origin', '/a', '', false, 'h'],
    ['GET /a? HTTP/1.1', 'Host: h\r\n', 'origin', '/a', '', true, 'h'],
    ['GET /a?b?c/d HTTP/1.1', 'Host: h\r\n', 'origin', '/a', 'b?c/d', true, 'h'],
    ['GET /a HTTP/1.0', '', 'origin', '/a', '', false, ''],
    ['GET /a HTTP/1.0', 'Host:\r\n', 'origin', '/a', '', false, ''],
    ['OPTIONS * HTTP/1.1', 'Host: h\r\n', 'asterisk', '*', '', false, 'h'],
    ['GET http://h/a?b HTTP/1.1', 'Host: H\r\n', 'absolute', '/a', 'b', true, 'h'],
    ['GET HTTPS://H:8443 HTTP/1.1', 'Host: h:8443\r\n', 'absolute', '/', '', false, 'H:8443'],
    ['GET http://h?b HTTP/1.0', '', 'absolute', '/', 'b', true, 'h'],
  ];
  for (const [line, fields, ...expected] of cases) {
    assert.ok(parse(`${line}\r\n${fields}\r\n`) > 0, line);
    const { targetForm, rawPath, query, hasQuery, authority } = takeRequestHead();
    assert.deepEqual([targetForm, rawPath, query, hasQuery, authority], expected, line);
  }
});

test('each request has the host that it names, whatever the request before it named', () => {
  for (const name of ['aa.test', 'ab.test', 'ab.tes', 'ab.test:80', '[::1]:80', '127.0.0.1']) {
    for (let again = 0; again < 2; again++) {
      assert.ok(parse(`GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`) > 0, name);
      assert.equal(takeRequestHead().authority, name);
    }
  }
});

test('every method that backends agree on is read as it is written, and no other one is', () => {
  for (const method of knownMethods) {
    assert.ok(parse(`${method} / HTTP/1.1\r\nHost: h\r\n\r\n`) > 0, method);
    assert.equal(takeRequestHead().method, method);
    for (const other of [`${method}X`, method.toLowerCase(), `${method.slice(0, -1)}_`])
      assert.equal(parse(`${other} / HTTP/1.1\r\nHost: h\r\n\r\n`), Refusal.method, other);
  }
});

test('a body has a length, none, or one that is not known', () => {
  const of = (fields: string) => {
    assert.ok(parse(`POST / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`) > 0, fields);
    const { contentLength, lengthUnknown, hasBody } = takeRequestHead();
    return [contentLength, lengthUnknown, hasBody];
  };
  assert.deepEqual(of(''), [0, false, false]);
  assert.deepEqual(of('Content-Length: 0\r\n'), [0, false, false]);
  assert.deepEqual(of('Content-Length: 7\r\n'), [7, false, true]);
  assert.deepEqual(of('Transfer-Encoding: chunked\r\n'), [-1, true, true]);
});

test('what HTTP/1.0 does not know is not asked of it: an interim response, or another protocol', () => {
  for (const [version, expected] of [
    ['1.1', ['1.1', true, 'websocket']],
    ['1.0', ['1.0', false, '']],
  ] as const) {
    const fields = 'Host: h\r\nExpect: 100-continue\r\nConnection: upgrade\r\nUpgrade: websocket\r\n';
    assert.ok(parse(`GET / HTTP/${version}\r\n${fields}\r\n`) > 0);
    const head = takeRequestHead();
    assert.deepEqual([head.version, head.expectContinue, head.upgrade], expected);
  }
  assert.ok(parse('GET / HTTP/1.1\r\nHost: h\r\n\r\n') > 0);
  assert.equal(takeRequestHead().expectContinue, false, 'and who does not ask for one gets none');
});

const host = 'Host: h\r\n';
const refused: [why: string, text: string, refusal: number][] = [
  ['no version', 'GET /\r\n', Refusal.requestLine],
  ['two spaces', 'GET  / HTTP/1.1\r\n', Refusal.requestLine],
  ['a tab', 'GET\t/ HTTP/1.1\r\n', Refusal.requestLine],
  ['a bare LF', `GET / HTTP/1.1\n${host}\n`, Refusal.lineEnding],
  ['a bare CR', 'GET / HTTP/1.1\rHost: h\r\n\r\n', Refusal.lineEnding],
  ['HTTP/2.0', `GET / HTTP/2.0\r\n${host}\r\n`, Refusal.version],
  ['a method alone', 'GET\r\n', Refusal.requestLine],
  ['a bare LF behind the method', 'GET\n', Refusal.lineEnding],
  ['a bare CR behind the method', 'GET\rX', Refusal.lineEnding],
  ['a bare LF behind the target', 'GET /\n', Refusal.lineEnding],
  ['a bare CR behind the target', 'GET /\rX', Refusal.lineEnding],
  ['a tab before the target', `GET \t/ HTTP/1.1\r\n${host}\r\n`, Refusal.requestLine],
  ['another protocol', `GET / XTTP/1.1\r\n${host}\r\n`, Refusal.requestLine],
  ['the beginning of another protocol', 'GET / HTTX', Refusal.requestLine],
  ['a version with other signs', `GET / HTTP/1.:\r\n${host}\r\n`, Refusal.requestLine],
  ['a version with other signs in front', `GET / HTTP//.1\r\n${host}\r\n`, Refusal.requestLine],
  ['an asterisk without Host', 'OPTIONS * HTTP/1.1\r\n\r\n', Refusal.host],
  ['a whole URL without Host', 'GET http://h/ HTTP/1.1\r\n\r\n', Refusal.host],
  ['one letter for a path', `OPTIONS a HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['HTTP/1.2', `GET / HTTP/1.2\r\n${host}\r\n`, Refusal.version],
  ['HTTP/0.9', `GET / HTTP/0.9\r\n${host}\r\n`, Refusal.version],
  ['a version in lower case', `GET / http/1.1\r\n${host}\r\n`, Refusal.requestLine],
  ['a version with a letter', `GET / HTTP/1.x\r\n${host}\r\n`, Refusal.requestLine],
  ['no target', `GET  HTTP/1.1\r\n${host}\r\n`, Refusal.requestLine],
  ['no method', ` / HTTP/1.1\r\n${host}\r\n`, Refusal.requestLine],
  ['an asterisk for another method than OPTIONS', `GET * HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['an asterisk and more', `OPTIONS *a HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['an asterisk with a query', `OPTIONS *?a HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['a path without its slash', `GET a HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['a target of another scheme', `GET ftp://h/ HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['a scheme behind something', `GET xhttp://h/ HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['user information in the target', 'GET http://a@h/ HTTP/1.1\r\nHost: a@h\r\n\r\n', Refusal.host],
  ['user information in the target of HTTP/1.0', 'GET http://a@h/ HTTP/1.0\r\n\r\n', Refusal.target],
  ['no host in the target', 'GET http:///a HTTP/1.1\r\nHost:\r\n\r\n', Refusal.target],
  ['a fragment', `GET /a#b HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['a control byte in the target', `GET /a\x01 HTTP/1.1\r\n${host}\r\n`, Refusal.target],
  ['CONNECT', `CONNECT h:1 HTTP/1.1\r\n${host}\r\n`, Refusal.method],
  ['a method in lower case', `get / HTTP/1.1\r\n${host}\r\n`, Refusal.method],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', Refusal.host],
  ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', Refusal.host],
  ['two Hosts in HTTP/1.0', `GET / HTTP/1.0\r\n${host}${host}\r\n`, Refusal.host],
  ['a port beyond every port', 'GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n', Refusal.host],
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
  [
    'chunked twice',
    `POST / HTTP/1.1\r\n${host}${'Transfer-Encoding: chunked\r\n'.repeat(2)}\r\n`,
    Refusal.transferCoding,
  ],
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
