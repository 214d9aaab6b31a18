// A host with an optional port, and nothing that a backend could take for another host.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAuthority } from './authority.ts';

test('names and addresses, with a port or without', () => {
  for (const text of [
    ...['a', 'a.test', 'A-b_c~1.test.', '1.2.3.4', 'a:0', 'a:80', 'a:65535', '[::1]', '[::1]:443', '[::ffff:1.2.3.4]'],
    `a${'b'.repeat(253)}`,
  ])
    assert.equal(isAuthority(text), true, text);
});

test('no user information, no path, no empty parts, no port beyond every port', () => {
  for (const text of [
    ...['', ':80', 'a:', 'a:b', 'a:65536', 'a:999999', 'a:+1', '[::1]:65536', '[::1', '::1', '[]', '[:]', '[g::]'],
    ...[
      'a@b',
      'a/b',
      'a?b',
      'a#b',
      'a b',
      ' a',
      'a ',
      'a\t',
      'a,b',
      'a\\b',
      'a%62',
      '.a',
      '-a',
      '_a',
      'a[::1]',
      '[::1]a',
    ],
    ...['\xe4.test', 'a:80:80', 'x[::1]:80', `a${'b'.repeat(254)}`, `[${'1'.repeat(46)}]`],
  ])
    assert.equal(isAuthority(text), false, text);
});
