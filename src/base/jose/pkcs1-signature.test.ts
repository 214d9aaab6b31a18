// The comparison of RFC 8017 section 8.2.2 against OpenSSL's, with keys of many lengths and the forgeries that lenient parsers accepted.

import assert from 'node:assert/strict';
import { constants, createHash, generateKeyPairSync, privateEncrypt, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { jwsAlgorithms } from './jws-algorithm.ts';
import { Pkcs1Verifier } from './pkcs1-signature.ts';
import { ready, UnusableKey } from './verification-key.ts';
import { verifyJws } from './verify-jws.ts';

const signed = 'header.payload';
const digest = createHash('sha256').update(signed).digest();
const digestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex');
const withoutNull = Buffer.from('302f300b0609608648016503040201' + '0420', 'hex');
const asSha1 = Buffer.from('3021300906052b0e03021a05000414', 'hex');

/** The encoded message 00 BT PS 00 T, with `behind` at its end; PS fills the remaining bytes. */
function message(
  bytes: number,
  {
    first = 0,
    type = 1,
    fill = 0xff,
    stop = 0,
    info = digestInfo,
    hash = digest,
    behind = Buffer.alloc(0),
    padding = -1,
  } = {},
): Buffer {
  const rest = bytes - 3 - info.length - hash.length - behind.length;
  const short = padding === -1 ? rest : padding;
  return Buffer.concat([
    Buffer.of(first, type),
    Buffer.alloc(short, fill),
    Buffer.of(stop),
    info,
    hash,
    behind,
    Buffer.alloc(rest - short, 0),
  ]);
}

for (const bits of [2_048, 2_049, 2_050, 2_055, 2_056, 3_071]) {
  const bytes = Math.ceil(bits / 8);
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits, publicExponent: 3 });
  const verifier = new Pkcs1Verifier(publicKey, 'sha256', bytes);
  const raw = (encoded: Buffer) => privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded);

  test(`${bits} bits: what OpenSSL signs holds, and only that`, () => {
    const good = sign('sha256', Buffer.from(signed), privateKey);
    assert.equal(good.length, bytes);
    assert.equal(verifier.verify(signed, good), true);
    assert.equal(verifier.verify(signed, raw(message(bytes))), true, 'the test encodes as RFC 8017 does');
    assert.equal(verifier.verify(`${signed}x`, good), false);
    assert.equal(verifier.verify(signed, good), true, 'a message that did not hold leaves nothing');
    const key = ready(publicKey, '', jwsAlgorithms.get('RS256')!);
    if (key instanceof UnusableKey) throw new Error(key.reason);
    assert.equal(verifyJws(key, signed, good), true);
    for (const other of [
      good.subarray(1),
      good.subarray(0, -1),
      Buffer.concat([Buffer.of(0), good]),
      Buffer.concat([good, Buffer.of(0)]),
      Buffer.alloc(0),
    ])
      assert.equal(verifyJws(key, signed, other), false, `${other.length} bytes`);
  });

  const garbage = Buffer.alloc(64, 0x41);
  const forgeries: [string, Buffer][] = [
    [
      'Bleichenbacher 2006: garbage behind the digest, eight bytes of padding',
      message(bytes, { padding: 8, behind: garbage }),
    ],
    ['one byte behind the digest', message(bytes, { behind: Buffer.of(0) })],
    ['no padding at all', message(bytes, { padding: 0, behind: garbage })],
    ['padding of zeros', message(bytes, { fill: 0 })],
    ['padding of type 2', message(bytes, { type: 2 })],
    ['padding of type 0', message(bytes, { type: 0 })],
    ['no zero behind the padding', message(bytes, { stop: 0xff })],
    ['no NULL behind the algorithm', message(bytes, { info: withoutNull })],
    ['the digest of another hash', message(bytes, { info: asSha1, hash: createHash('sha1').update(signed).digest() })],
    ['another digest', message(bytes, { hash: createHash('sha256').update('other').digest() })],
    ['the digest alone', Buffer.concat([Buffer.alloc(bytes - 32), digest])],
    ['zero', Buffer.alloc(bytes)],
    ['one', Buffer.concat([Buffer.alloc(bytes - 1), Buffer.of(1)])],
  ];
  test(`${bits} bits: no forgery holds, and OpenSSL says the same`, () => {
    for (const [what, encoded] of forgeries) {
      const signature = raw(encoded);
      assert.equal(verifier.verify(signed, signature), false, what);
      assert.equal(verify('sha256', Buffer.from(signed), publicKey, signature), false, `OpenSSL: ${what}`);
    }
    // The same number modulo n, written larger, and numbers that encode no message.
    const n = BigInt(`0x${Buffer.from(publicKey.export({ format: 'jwk' }).n!, 'base64url').toString('hex')}`);
    const number = (value: bigint) => Buffer.from(value.toString(16).padStart(2 * bytes, '0'), 'hex');
    const good = BigInt(`0x${sign('sha256', Buffer.from(signed), privateKey).toString('hex')}`);
    for (const value of [good + n, n - good, n, n + 1n, n - 1n]) {
      const signature = number(value);
      if (signature.length === bytes)
        assert.equal(verifier.verify(signed, signature), false, value === n ? 'n' : 'modulo n');
    }
  });
}
