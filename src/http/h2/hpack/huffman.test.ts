// The Huffman code: its completeness, the RFC's examples, round trips, and text that must be refused.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { codeLengths, codes } from './huffman-code.ts';
import { decodedBytesMax, huffmanDecode } from './huffman-decode.ts';
import { huffmanBytes, huffmanEncode } from './huffman-encode.ts';

function decode(bytes: Buffer): string | null {
  const target = Buffer.alloc(decodedBytesMax(bytes.length));
  const length = huffmanDecode(bytes, 0, bytes.length, target);
  return length < 0 ? null : target.toString('latin1', 0, length);
}

function encode(text: string): Buffer {
  const target = Buffer.alloc(huffmanBytes(text));
  assert.equal(huffmanEncode(text, target, 0), target.length);
  return target;
}

describe('the code', () => {
  test('leaves no bit pattern without a meaning', () => {
    assert.equal(codeLengths.length, 257);
    assert.equal(
      codeLengths.reduce((sum, length) => sum + 2 ** -length, 0),
      1,
    );
  });

  test('has the codes of RFC 7541 Appendix B', () => {
    for (const [symbol, code] of [
      ['0', 0x0],
      ['a', 0x3],
      [' ', 0x14],
      ['&', 0xf8],
      ['X', 0xfc],
      ['#', 0xffa],
      ['{', 0x7ffe],
      ['\\', 0x7fff0],
      ['\n', 0x3ffffffc],
      ['\u00ff', 0x3ffffee],
    ] as const)
      assert.equal(codes[symbol.charCodeAt(0)], code, JSON.stringify(symbol));
    assert.equal(codes[256], 0x3fffffff);
  });
});

describe('decoding', () => {
  for (const [hex, text] of [
    ['f1e3c2e5f23a6ba0ab90f4ff', 'www.example.com'],
    ['a8eb10649cbf', 'no-cache'],
    ['25a849e95ba97d7f', 'custom-key'],
    ['25a849e95bb8e8b4bf', 'custom-value'],
    ['d07abe941054d444a8200595040b8166e082a62d1bff', 'Mon, 21 Oct 2013 20:13:21 GMT'],
    ['', ''],
  ] as const) {
    test(`${hex} is ${text}`, () => {
      assert.equal(decode(Buffer.from(hex, 'hex')), text);
      assert.equal(encode(text).toString('hex'), hex);
    });
  }

  for (const [name, hex] of [
    ['EOS', 'ffffffff'],
    ['EOS in the middle', 'fffffffc1f'],
    ['padding of a whole byte', '1fff'],
    ['padding of zeroes', '18'],
    ['padding that is not the beginning of EOS', '1e'],
    ['a code that is cut off', 'fe'],
  ] as const)
    test(`refuses ${name}`, () => assert.equal(decode(Buffer.from(hex, 'hex')), null));

  test('any latin1 text comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200, size: 'max' }), bytes => {
        const text = Buffer.from(bytes).toString('latin1');
        assert.equal(decode(encode(text)), text);
      }),
    );
  });

  test('any bytes give a text that encodes to them, or nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40, size: 'max' }), raw => {
        const bytes = Buffer.from(raw);
        const text = decode(bytes);
        if (text !== null) assert.equal(encode(text).toString('hex'), bytes.toString('hex'));
      }),
      { numRuns: 2_000 },
    );
  });
});
