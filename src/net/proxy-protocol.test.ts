// PROXY headers of both versions, whole and in pieces; anything else is malformed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IPV6_WORDS, parseIpv6 } from '../base/ip-address.ts';
import { parseProxyHeader } from './proxy-protocol.ts';

const words = new Uint32Array(IPV6_WORDS);

function parse(text: string): ReturnType<typeof parseProxyHeader> {
  return parseProxyHeader(Buffer.from(text, 'latin1'));
}

/** A version 2 header. */
function binary(command: number, family: number, addresses: readonly number[]): Buffer {
  const head = Buffer.from('\r\n\r\n\0\r\nQUIT\n\0\0\0\0', 'latin1');
  head[12] = 0x20 | command;
  head[13] = family;
  head.writeUInt16BE(addresses.length, 14);
  return Buffer.concat([head, Buffer.from(addresses)]);
}

test('version 1 names the client', () => {
  const line = 'PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n';
  assert.deepEqual(parse(`${line}GET`), { bytes: line.length, address: { ip: '192.0.2.1', port: 56_324 } });
  const six = 'PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n';
  assert.deepEqual(parse(six), { bytes: six.length, address: { ip: '2001:db8::1', port: 1 } });
  assert.deepEqual(parse('PROXY UNKNOWN whatever\r\n'), { bytes: 24, address: null });
});

for (const [written, ip] of [
  ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
  ['0:0:1:2:3:0:0:4', '::1:2:3:0:0:4'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::ffff:c000:201', '192.0.2.1'],
] as const) {
  test(`both versions write ${written} as ${ip}`, () => {
    const line = parse(`PROXY TCP6 ${written} ::1 1 2\r\n`);
    assert.ok(typeof line === 'object');
    assert.deepEqual(line.address, { ip, port: 1 });
    assert.ok(parseIpv6(written, words));
    const source = [...words].flatMap(word => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]);
    assert.deepEqual(parseProxyHeader(binary(1, 0x21, [...source, ...source, 0, 1, 0, 2])), {
      bytes: 52,
      address: line.address,
    });
  });
}

for (const text of [
  'GET / HTTP/1.1\r\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n',
  'PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n',
  'PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n',
  'PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n',
  'PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n',
  'PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n',
  'PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n',
  `PROXY TCP4 ${'1'.repeat(120)}`,
]) {
  test(`malformed: ${JSON.stringify(text.slice(0, 50))}`, () => assert.equal(parse(text), 'malformed'));
}

test('version 2 names the client of either family', () => {
  const four = binary(1, 0x11, [192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 0x04, 1, 187]);
  assert.deepEqual(parseProxyHeader(four), { bytes: 28, address: { ip: '192.0.2.1', port: 56_324 } });
  const source = [0x20, 1, 0xd, 0xb8, ...new Array<number>(11).fill(0), 1];
  const six = binary(1, 0x21, [...source, ...source, 0, 1, 0, 2]);
  assert.deepEqual(parseProxyHeader(six), { bytes: 52, address: { ip: '2001:db8::1', port: 1 } });
});

test('version 2 without an address that could be used says so', () => {
  assert.deepEqual(parseProxyHeader(binary(0, 0, [])), { bytes: 16, address: null });
  assert.deepEqual(parseProxyHeader(binary(1, 0x31, new Array<number>(216).fill(0))), { bytes: 232, address: null });
});

test('version 2 with a wrong version, command or length is malformed', () => {
  assert.equal(parseProxyHeader(binary(2, 0x11, new Array<number>(12).fill(0))), 'malformed');
  assert.equal(parseProxyHeader(binary(1, 0x11, [1, 2, 3])), 'malformed');
  assert.equal(parseProxyHeader(binary(1, 0x21, new Array<number>(35).fill(0))), 'malformed');
  assert.equal(parseProxyHeader(binary(1, 0x11, new Array<number>(3_000).fill(0))), 'malformed');
  const versionOne = binary(1, 0x11, new Array<number>(12).fill(0));
  versionOne[12] = 0x11;
  assert.equal(parseProxyHeader(versionOne), 'malformed');
});

test('a header in pieces is incomplete until its last byte', () => {
  const wires = [
    Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n'),
    binary(1, 0x11, [192, 0, 2, 1, 192, 0, 2, 2, 1, 2, 3, 4]),
  ];
  for (const wire of wires) {
    for (let length = 0; length < wire.length; length++) {
      assert.equal(parseProxyHeader(wire.subarray(0, length)), 'incomplete', `${length} bytes`);
    }
  }
});

test('no bytes make it throw', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('', 'PROXY ', '\r\n\r\n\0\r\nQUIT\n'),
      fc.uint8Array({ maxLength: 80, size: 'max' }),
      (head, tail) => {
        parseProxyHeader(Buffer.concat([Buffer.from(head, 'latin1'), tail]));
      },
    ),
  );
});
