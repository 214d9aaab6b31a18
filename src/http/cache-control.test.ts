// Cache-Control as servers write it, including malformed and repeated directives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cacheControl, secondsOf } from './cache-control.ts';
import { Headers } from './headers.ts';

const read = (...values: string[]) =>
  cacheControl(Headers.from(values.map((value): [string, string] => ['Cache-Control', value])));

test('directives are read in any case, from several fields, quoted or not', () => {
  assert.deepEqual(
    [...read('Public, MAX-AGE=60', 'private="set-cookie, x-user", s-maxage="5"')],
    [
      ['public', ''],
      ['max-age', '60'],
      ['private', 'set-cookie, x-user'],
      ['s-maxage', '5'],
    ],
  );
  assert.deepEqual(
    [...read('ext="no-store", a')].map(([name]) => name),
    ['ext', 'a'],
    'a quoted string holds none',
  );
  assert.deepEqual([...read()], []);
});

test('what forbids is seen however it is written', () => {
  for (const value of ['no-store', ' ,no-store;', 'max-age=1 no-store', 'max-age="x, no-store']) {
    assert.ok(read(value).has('no-store'), value);
  }
});

test('seconds: the smaller of two, none for what is no number', () => {
  assert.equal(secondsOf(read('max-age=60, max-age=5'), 'max-age'), 5);
  assert.equal(secondsOf(read('max-age=-1'), 'max-age'), 0);
  assert.equal(secondsOf(read('max-age=99999999999999999999'), 'max-age'), 0x7fffffff);
  assert.equal(secondsOf(read('no-cache'), 'max-age'), undefined);
});
