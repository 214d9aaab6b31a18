// Each path has one normal form or is refused with the reason; a path that two servers could read differently never passes.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { normalizePath, type PathPolicy } from './path.ts';

const strict: PathPolicy = { encodedSlash: 'reject', emptySegments: 'reject' };

function normal(raw: string, policy: Partial<PathPolicy> = {}): string {
  const result = normalizePath(raw, { ...strict, ...policy });
  return result.ok ? result.path : result.code;
}

test('escapes of unreserved letters are decoded, others are written in upper case', () => {
  assert.equal(normal('/%61%2D%5f%7E%2e1'), '/a-_~.1');
  assert.equal(normal('/%c3%a9%20'), '/%C3%A9%20');
  assert.equal(normal('/a%25b'), '/a%25b');
});

test('of every escape it is known what becomes of it', () => {
  for (let byte = 0; byte < 256; byte++) {
    const escaped = `%${byte.toString(16).padStart(2, '0')}`;
    const letter = String.fromCharCode(byte);
    const refused = byte < 0x20 || byte === 0x7f;
    const kept = /[A-Za-z0-9._~-]/.test(letter) ? letter : escaped.toUpperCase();
    assert.equal(normal(`/x${escaped}y`, { encodedSlash: 'keep' }), refused ? 'ambiguous_path' : `/x${kept}y`);
    if (letter === '/' || letter === '\\') assert.equal(normal(`/x${escaped}y`), 'ambiguous_path');
    else assert.equal(normal(`/x${escaped}y`), refused ? 'ambiguous_path' : `/x${kept}y`);
  }
});

test('dot segments are taken out, encoded ones too', () => {
  assert.equal(normal('/a/./b/../c'), '/a/c');
  assert.equal(normal('/a/%2e%2E/b'), '/b');
  assert.equal(normal('/a/b/..'), '/a/');
  assert.equal(normal('/a/.'), '/a/');
  assert.equal(normal('/...'), '/...');
  assert.equal(normal('/...;x/.a;b/a..;c/;d'), '/...;x/.a;b/a..;c/;d');
});

for (const raw of ['/..', '/a/../..', '/%2e%2e/x', '/..;/x', '/a/.;x/b', '/..%3b/x', '/a\\b', '/%00', '/%0a', '/%7f']) {
  test(`two meanings are refused: ${raw}`, () => assert.equal(normal(raw), 'ambiguous_path'));
}

for (const raw of ['/%', '/%4', '/%zz', '/%z1', '/%1z', '/a%2']) {
  test(`broken escapes are refused: ${raw}`, () => assert.equal(normal(raw), 'malformed_target'));
}

test('empty segments and encoded slashes go by the policy', () => {
  assert.equal(normal('/a//b'), 'ambiguous_path');
  assert.equal(normal('/a//b', { emptySegments: 'merge' }), '/a/b');
  assert.equal(normal('/a//b', { emptySegments: 'keep' }), '/a//b');
  assert.equal(normal('//host/a', { emptySegments: 'merge' }), '/host/a');
  assert.equal(normal('/a//', { emptySegments: 'merge' }), '/a/');
  assert.equal(normal('/a//'), 'ambiguous_path');
  assert.equal(normal('//'), 'ambiguous_path');
  assert.equal(normal('/a/'), '/a/');
  assert.equal(normal('/a/..//b'), 'ambiguous_path');
  assert.equal(normal('/a%2fb'), 'ambiguous_path');
  assert.equal(normal('/a%2Fb%5c', { encodedSlash: 'keep' }), '/a%2Fb%5C');
  assert.equal(normal('/a%00', { encodedSlash: 'keep' }), 'ambiguous_path');
});

test('what is normal stays as it is, whatever the policy', () => {
  const letters = fc.string({
    unit: fc.constantFrom('/', '.', ';', 'a', '%2e', '%2f', '%41', '%c3', '\\', '%'),
    maxLength: 12,
    size: 'max',
  });
  const policy = fc.record({
    encodedSlash: fc.constantFrom('reject' as const, 'keep' as const),
    emptySegments: fc.constantFrom('reject' as const, 'merge' as const, 'keep' as const),
  });
  fc.assert(
    fc.property(letters, policy, (text, chosen) => {
      const once = normalizePath(`/${text}`, chosen);
      if (!once.ok) return;
      assert.deepEqual(normalizePath(once.path, chosen), once);
      assert.doesNotMatch(once.path, /(?:^|\/)\.{1,2}(?:\/|$)/);
      if (chosen.emptySegments !== 'keep') assert.doesNotMatch(once.path, /\/\//);
    }),
    { numRuns: 2_000 },
  );
});
