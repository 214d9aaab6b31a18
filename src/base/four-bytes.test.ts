import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CachedView, copyWords, FixedText, hasNoByte, isPrintable } from './four-bytes.ts';

const fourBytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Favours the byte values at which a result changes. */
const edges = fc.array(fc.constantFrom(0x00, 0x1f, 0x20, 0x21, 0x22, 0x5b, 0x5c, 0x5d, 0x7e, 0x7f, 0x80, 0xff), {
  minLength: 4,
  maxLength: 4,
});

function wordOf(bytes: ArrayLike<number>): number {
  return Buffer.from(Array.from(bytes)).readInt32BE();
}

test('four bytes are printable when each is', () => {
  fc.assert(
    fc.property(fc.oneof(fourBytes, edges), bytes => {
      assert.equal(
        isPrintable(wordOf(bytes)),
        Array.from(bytes).every(byte => byte >= 0x20 && byte <= 0x7e),
      );
    }),
  );
});

test('a byte among four is found wherever it stands, and nothing else is taken for it', () => {
  const low = fc.oneof(fourBytes, edges).map(bytes => Array.from(bytes, byte => byte & 0x7f));
  fc.assert(
    fc.property(low, bytes => {
      assert.equal(hasNoByte(wordOf(bytes), 0x22222222), !bytes.includes(0x22));
      assert.equal(hasNoByte(wordOf(bytes), 0x5c5c5c5c), !bytes.includes(0x5c));
    }),
  );
});

test('a fixed text is written whole, at any place, and its end is answered', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary-ascii', maxLength: 20, size: 'max' }), fc.nat(9), (text, at) => {
      const bytes = Buffer.alloc(40);
      const end = new FixedText(text).writeTo(new CachedView().of(bytes), at);
      assert.equal(end, at + text.length);
      assert.equal(bytes.toString('latin1', at, end), text);
    }),
  );
});

test('words are copied from any place to any place, and no byte more', () => {
  const from = Buffer.from('..0123456789abcdef..');
  const to = Buffer.alloc(20, 0x2e);
  copyWords(new CachedView().of(from), 2, new CachedView().of(to), 3, 16);
  assert.equal(to.toString(), '...0123456789abcdef.');
});

test('the last view is of the bytes that were asked for, also where they lie in a larger piece of memory', () => {
  const views = new CachedView();
  const whole = Buffer.from('abcdefgh');
  const part = whole.subarray(4);
  assert.equal(views.of(whole).getUint8(0), 0x61);
  assert.equal(views.of(part).getUint8(0), 0x65);
  assert.equal(views.of(part), views.of(part));
});
