// Fields that concern one connection only are never sent on the next.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequestHead, takeRequestHead } from './request-head.ts';

const limits = { requestLineBytesMax: 8_192, headerBytesMax: 65_536, headerCountMax: 100 };

function passed(lines: readonly string[]): string[] {
  const bytes = Buffer.from(`GET / HTTP/1.1\r\nHost: h\r\n${lines.map(line => `${line}\r\n`).join('')}\r\n`, 'latin1');
  assert.equal(parseRequestHead(bytes, 0, bytes.length, limits), bytes.length);
  return Array.from(takeRequestHead().headers, ([name]) => name.toLowerCase()).filter(name => name !== 'host');
}

test('single-hop fields are taken out, in any case', () => {
  const single = [
    'KEEP-ALIVE: 5',
    'Proxy-Connection: x',
    'TE: trailers',
    'Upgrade: x',
    'Proxy-Authorization: x',
    'HTTP2-Settings: x',
  ];
  assert.deepEqual(passed(['Connection: keep-alive', ...single, 'X-A: 1']), ['x-a']);
});

test('each of them goes also when it comes alone', () => {
  const alone = [
    ...['Connection: close', 'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'TE: trailers', 'Upgrade: x'],
    ...['Transfer-Encoding: chunked', 'Proxy-Authenticate: Basic', 'Proxy-Authorization: Basic YTpi'],
    'HTTP2-Settings: AAMAAABkAAQAAP__',
  ];
  for (const line of alone) assert.deepEqual(passed(['X-A: 1', line, 'X-B: 2']), ['x-a', 'x-b'], line);
});

test('so is what Connection names, in several fields and lists', () => {
  const lines = [
    'Connection: X-One, close',
    'connection: x-two,,  X-THREE',
    'x-one: 1',
    'X-Two: 2',
    'X-Three: 3',
    'X-Four: 4',
  ];
  assert.deepEqual(passed(lines), ['x-four']);
});

test('what a proxy in front tells of its client stays, whatever that client has written into Connection', () => {
  const told = [
    'X-Forwarded-For: 192.0.2.1',
    'Forwarded: for=192.0.2.1',
    'X-Forwarded-Client-Cert: Hash=a',
    'X-Real-IP: 192.0.2.1',
  ];
  const named = 'Connection: x-forwarded-for, FORWARDED, X-Forwarded-Client-Cert, x-real-ip, x-a';
  assert.deepEqual(passed([named, ...told, 'X-A: 1']), [
    ...['x-forwarded-for', 'forwarded', 'x-forwarded-client-cert', 'x-real-ip'],
  ]);
});

test('end-to-end fields stay when Connection is missing or says nothing of them', () => {
  assert.deepEqual(passed(['X-A: 1', 'Trailer: x']), ['x-a', 'trailer']);
  assert.deepEqual(passed(['Connection: close', 'X-A: 1']), ['x-a']);
  const named = ['Connection: x-a, close, keep-alive, upgrade', 'X-A: 1', 'Close: 1', 'X-B: 2'];
  assert.deepEqual(passed(named), ['close', 'x-b'], 'an option is not the name of a field');
});
