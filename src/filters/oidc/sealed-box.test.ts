// A sealed text opens with any of the keys; a text that was changed, or sealed for another purpose, does not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SealedBox } from './sealed-box.ts';

const old = 'an old key of thirty-two characters..';
const young = 'a young key of thirty-two characters.';

test('what is sealed opens, and no two boxes look alike', () => {
  const box = new SealedBox([young], 'p');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), text => {
      if (!text.isWellFormed()) return;
      const sealed = box.seal(text);
      assert.match(sealed, /^[A-Za-z0-9_-]+$/);
      assert.notEqual(sealed, box.seal(text));
      assert.equal(box.open(sealed), text);
    }),
  );
});

test('keys rotate: the first seals, all open, one that is gone opens nothing', () => {
  const sealedByOld = new SealedBox([old], 'p').seal('text');
  assert.equal(new SealedBox([young, old], 'p').open(sealedByOld), 'text');
  assert.equal(new SealedBox([young], 'p').open(sealedByOld), null);
  assert.equal(new SealedBox([old], 'p').open(new SealedBox([young, old], 'p').seal('text')), null);
});

test('every change is seen, and so is another purpose', () => {
  const box = new SealedBox([young], 'p');
  const sealed = Buffer.from(box.seal('text'), 'base64url');
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    assert.equal(box.open(changed.toString('base64url')), null, `byte ${at}`);
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.equal(box.open(sealed.subarray(0, length).toString('base64url')), null, `${length} bytes`);
  }
  assert.equal(new SealedBox([young], 'other').open(box.seal('text')), null);
  assert.equal(box.open('not base64url ;'), null);
});

test('only the text itself opens, and no other text for the same bytes', () => {
  const box = new SealedBox([young], 'p');
  for (let n = 0; n < 20; n++) {
    const sealed = box.seal('text'.padEnd(4 + (n % 3)));
    const others = [`${sealed}!`, `${sealed}=`, `${sealed}.`, ` ${sealed}`, `${sealed.slice(0, 9)}*${sealed.slice(9)}`];
    for (const other of others) assert.equal(box.open(other), null, other);
    if (/[-_]/.test(sealed)) assert.equal(box.open(sealed.replaceAll('-', '+').replaceAll('_', '/')), null);
    assert.notEqual(box.open(sealed), null);
  }
});
