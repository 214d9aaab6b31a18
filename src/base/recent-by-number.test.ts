// Never holds more than its bytes, whatever is stored; entries that are used stay, and a look-up returns the value that was stored last.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RecentByNumber, type Sized } from './recent-by-number.ts';

interface Named extends Sized {
  readonly name: string;
}

test('of a flood as much stays as its bytes hold, and what is asked for stays through it', () => {
  const map = new RecentByNumber<Named>(1_000);
  map.set(-1, { name: 'kept', bytes: 10 });
  for (let n = 0; n < 5_000; n++) {
    map.set(n, { name: String(n), bytes: 10 });
    if (n % 20 === 0) assert.equal(map.get(-1)?.name, 'kept', String(n));
    assert.ok(map.size <= 100);
  }
  assert.equal(map.get(0), undefined);
  assert.equal(map.get(4_999)?.name, '4999');
  map.clear();
  assert.equal(map.get(4_999), undefined);
  assert.equal(map.size, 0);
});

test('whatever is put in, taken out and asked for: what is held fits, and is the latest', () => {
  const step = fc.record({ what: fc.constantFrom('set', 'get', 'delete'), number: fc.nat(20), bytes: fc.nat(60) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), steps => {
      const map = new RecentByNumber<Named>(100);
      const last = new Map<number, Named>();
      steps.forEach(({ what, number, bytes }, at) => {
        if (what === 'delete') {
          map.delete(number);
          last.delete(number);
        } else if (what === 'set' && bytes <= 50) {
          const value = { name: String(at), bytes };
          map.set(number, value);
          last.set(number, value);
          assert.equal(map.get(number), value);
        } else if (what === 'set') {
          const before = map.size;
          map.set(number, { name: 'too large', bytes });
          assert.equal(map.size, before);
        }
        const found = map.get(number);
        if (found !== undefined) assert.equal(found, last.get(number));
      });
      const held = [...last.keys()].reduce((sum, number) => sum + (map.get(number)?.bytes ?? 0), 0);
      assert.ok(held <= 100, `${held} bytes`);
    }),
  );
});
