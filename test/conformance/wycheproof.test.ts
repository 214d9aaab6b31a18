// Wycheproof's JWS and JWK vectors: no invalid token is accepted, and every valid one is, except those that contradict themselves.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compactJws, jwsHeader } from '../../src/base/jose/compact-jws.ts';
import { KeySet } from '../../src/base/jose/key-set.ts';
import type { Jwk } from '../../src/base/jose/verification-key.ts';
import { verifyJws } from '../../src/base/jose/verify-jws.ts';

interface Vectors {
  readonly numberOfTests: number;
  readonly testGroups: readonly {
    readonly public?: Jwk | { readonly keys: readonly Jwk[] };
    readonly private?: Jwk | { readonly keys: readonly Jwk[] };
    readonly tests: readonly { tcId: number; comment: string; jws: string; result: 'valid' | 'invalid' }[];
  }[];
}

/**
 * Vectors on whose verdict we differ, with the reason. In two of them the verdict is wrong (the MAC does not belong to the given
 * text), in two the very token of vector 357 should be refused, and in four the key names another algorithm than the token.
 */
const differences: Readonly<Record<string, string>> = {
  'signature 346': 'valid there, refused here: the key is for PS256, the token says PS384; the key decides',
  'signature 350': 'valid there, refused here: as 346',
  'signature 347': 'valid there, refused here: the key is for ES521, which is no algorithm',
  'signature 351': 'valid there, refused here: as 347',
  'signature 367': 'invalid there, accepted here: letter for letter the token of 357, which is valid',
  'signature 370': 'invalid there, accepted here: as 367',
  'signature 372': 'valid there, refused here: the MAC is one of the text without the `?` that stands in it',
  'signature 373': 'valid there, refused here: as 372',
};

function vectors(kind: 'signature' | 'key'): Vectors {
  const file = new URL(`./corpora/wycheproof/json_web_${kind}_test.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** What the jwt filter checks of a token before it looks at the claims. */
function accepts(keys: KeySet, token: string): boolean {
  const jws = compactJws(token);
  const header = jws === null ? null : jwsHeader(jws.header);
  if (jws === null || header === null) return false;
  const candidates = keys.candidates(header.kid, header.algorithm);
  return candidates.some(key => verifyJws(key, jws.signed, jws.signature));
}

for (const kind of ['signature', 'key'] as const) {
  test(`json_web_${kind}`, () => {
    const { testGroups, numberOfTests } = vectors(kind);
    const wrong: string[] = [];
    let seen = 0;
    for (const group of testGroups) {
      const given = group.public ?? group.private!;
      const jwks = 'keys' in given ? (given.keys as readonly Jwk[]) : [given as Jwk]; // Because: a set has `keys`, a key has none
      const keys = KeySet.of(jwks, { rsa: 'RS256', oct: 'HS256' });
      for (const { tcId, result, jws } of group.tests) {
        seen++;
        if (accepts(keys, jws) !== (result === 'valid')) wrong.push(`${kind} ${tcId}`);
      }
    }
    assert.equal(seen, numberOfTests);
    assert.deepEqual(
      wrong,
      Object.keys(differences)
        .filter(id => id.startsWith(kind))
        .sort(),
    );
  });
}

test('a vector that is refused as invalid and accepted here is the text of a valid one', () => {
  const all = vectors('signature').testGroups.flatMap(({ tests }) => tests);
  const jwsOf = (id: number) => all.find(({ tcId }) => tcId === id)!.jws;
  assert.equal(jwsOf(367), jwsOf(357));
  assert.equal(jwsOf(370), jwsOf(357));
});
