// Messages in which values from outside are hidden.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hideSecrets } from './hide-secrets.ts';

const secrets = new Map([
  ['correct horse', '${env:PASSWORD}'],
  ['two\nlines "x"', '${file:/key}'],
  ['80', '${env:PORT}'],
]);

for (const [message, shown] of [
  ['found "correct horse"', 'found "${env:PASSWORD}"'],
  ['Bearer correct horse, correct horse', 'Bearer ${env:PASSWORD}, ${env:PASSWORD}'],
  ['found "x correct ho…"', 'found "x ${env:PASSWORD}…"'],
  ['a correct one', 'a correct one'],
  ['found "two\\nlines \\"x\\""', 'found "${file:/key}"'],
  ['found two\nlines "x".', 'found ${file:/key}.'],
  ['found "80", at least 80', 'found "${env:PORT}", at least 80'],
] as const) {
  test(message, () => assert.equal(hideSecrets(message, secrets), shown));
}

test('a secret that contains another is hidden whole, whichever was read first', () => {
  const pair: [string, string][] = [
    ['cardea', '${env:USER}'],
    ['cardea-2026-secret', '${env:PASSWORD}'],
  ];
  for (const both of [pair, pair.toReversed()]) {
    const message = 'found "cardea-2026-secret", as cardea, or cardea-2026-secre…';
    const shown = 'found "${env:PASSWORD}", as ${env:USER}, or ${env:PASSWORD}…';
    assert.equal(hideSecrets(message, new Map(both)), shown);
  }
});

test('a secret is hidden behind characters with which it begins', () => {
  const pins = new Map([['0001230001234', '${env:PIN}']]);
  assert.equal(hideSecrets('found "0001230001230001234"', pins), 'found "000123${env:PIN}"');
  assert.equal(hideSecrets('found "00012300012300…"', pins), 'found "000123${env:PIN}…"');
  assert.equal(hideSecrets('the numbers 000123000 and 0001230001', pins), 'the numbers 000123000 and 0001230001');
});
