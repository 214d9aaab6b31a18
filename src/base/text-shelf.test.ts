// A text is found by its whole name, the shelf never holds more than its bytes, and texts that are used stay.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextShelf } from './text-shelf.ts';

test('what was put in is found by its whole name, as it was last', () => {
  const shelf = new TextShelf(64 * 1024);
  assert.equal(shelf.get('one'), undefined);
  shelf.set('one', 'text');
  shelf.set('on', 'schön €');
  shelf.set('', '');
  assert.equal(shelf.get('one'), 'text');
  assert.equal(shelf.get('on'), 'schön €');
  assert.equal(shelf.get(''), '');
  assert.equal(shelf.get('onf'), undefined);
  shelf.set('one', 'another, longer text');
  assert.equal(shelf.get('one'), 'another, longer text');
  shelf.clear();
  assert.equal(shelf.get('one'), undefined);
});

test('a flood takes no more room, and what is asked for stays through it', () => {
  const shelf = new TextShelf(256 * 1024);
  shelf.set('kept', 'k'.repeat(200));
  for (let n = 0; n < 20_000; n++) {
    shelf.set(`name ${n}`, `${n} ${'x'.repeat(200)}`);
    if (n % 200 === 0) assert.equal(shelf.get('kept'), 'k'.repeat(200), String(n));
  }
  assert.equal(shelf.get('name 0'), undefined);
  assert.equal(shelf.get('name 19999'), `19999 ${'x'.repeat(200)}`);
  let found = 0;
  for (let n = 0; n < 20_000; n++) if (shelf.get(`name ${n}`) !== undefined) found++;
  assert.ok(found > 256 && found * 200 < 256 * 1024, `${found} of them`);
});

test('many short texts fill the table of names before the bytes, and nothing is lost of the newest', () => {
  const shelf = new TextShelf(64 * 1024);
  for (let n = 0; n < 5_000; n++) {
    shelf.set(String(n), '');
    for (let back = 0; back < 20 && back <= n; back++) assert.equal(shelf.get(String(n - back)), '', `${n} ${back}`);
  }
});

test('a text that would push out many others is not kept', () => {
  const shelf = new TextShelf(64 * 1024);
  assert.ok(!shelf.set('large', 'x'.repeat(4_096)));
  assert.equal(shelf.get('large'), undefined);
  assert.ok(shelf.set('small', 'x'.repeat(1_024)));
});

test('whatever is put in and asked for, an answer is what was put in last', () => {
  const step = fc.record({ name: fc.nat(40), letters: fc.nat(90) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300, size: 'max' }), steps => {
      const shelf = new TextShelf(4 * 1024);
      const last = new Map<string, string>();
      steps.forEach(({ name, letters }, n) => {
        const key = `name ${name}`;
        const found = shelf.get(key);
        if (found !== undefined) assert.equal(found, last.get(key));
        const text = `${n}${'ü'.repeat(letters)}`;
        if (!shelf.set(key, text)) return;
        last.set(key, text);
        assert.equal(shelf.get(key), text);
      });
    }),
  );
});
