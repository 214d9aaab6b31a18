// Every well-known name is found by its bytes in any case, no other name is found, and other signs for hyphens are detected.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DISGUISED, HeaderId, headerIdOf, headerIdOfBytes, headerNames, isDisguised } from './header-names.ts';

function idOf(name: string): number {
  const bytes = Buffer.from(`:${name}:`, 'latin1');
  return headerIdOfBytes(bytes, 1, bytes.length - 1);
}

test('names of ids are as they are written in lower case', () => {
  assert.equal(headerNames[HeaderId.contentLength], 'content-length');
  assert.equal(headerNames[HeaderId.http2Settings], 'http2-settings');
  assert.equal(headerNames[HeaderId.xForwardedFor], 'x-forwarded-for');
});

for (const [id, name] of headerNames.entries()) {
  if (id === HeaderId.other) continue;
  test(`${name} is known in any case`, () => {
    assert.equal(headerIdOf(name), id);
    for (const written of [name, name.toUpperCase(), name[0]!.toUpperCase() + name.slice(1)])
      assert.equal(idOf(written), id);
    for (const sign of name.includes('-') ? "_.!#$%&'*+^`|~" : '') {
      assert.equal(idOf(name.replace('-', () => sign)), DISGUISED, sign);
      assert.equal(idOf(name.replaceAll('-', () => sign).toUpperCase()), DISGUISED, sign);
      assert.ok(isDisguised(name.replaceAll('-', () => sign)), sign);
    }
    assert.ok(!isDisguised(name) && !isDisguised(`x_${name}`) && !isDisguised(name.replace('-', '')));
  });
}

test('a name is known by its bytes exactly when it is by its text', () => {
  const near = fc
    .tuple(fc.constantFrom(...headerNames.slice(1)), fc.nat({ max: 20 }), fc.constantFrom('a', 'X', '-', '0', ''))
    .map(([name, at, letter]) => name.slice(0, at) + letter + name.slice(at + 1));
  fc.assert(
    fc.property(near, name => {
      if (name === '') return;
      assert.equal(idOf(name), headerIdOf(name.toLowerCase()));
    }),
    { numRuns: 2_000 },
  );
});
