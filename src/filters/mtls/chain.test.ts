// Who signed a client's certificate, for the chains of full and of resumed connections.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { TestAuthority } from '../../../test/support/certificates.ts';
import { signersOf } from './chain.ts';

const rootOf = new TestAuthority('Root');
const upperOf = new TestAuthority('Upper', rootOf);
const lowerOf = new TestAuthority('Lower', upperOf);
const forgedOf = new TestAuthority('Upper');
after(() => {
  for (const authority of [rootOf, upperOf, lowerOf, forgedOf]) authority.remove();
});

const [root, upper, lower, forged] = [rootOf, upperOf, lowerOf, forgedOf].map(
  ({ caText }) => new X509Certificate(caText),
) as [X509Certificate, X509Certificate, X509Certificate, X509Certificate];
const own = new X509Certificate(readFileSync(lowerOf.issue('own').cert));

test('a whole chain is taken as it is', () => {
  assert.deepEqual(signersOf([own, lower, upper, root], []), [lower, upper, root]);
  assert.deepEqual(signersOf([own, lower, upper, root], [forged, upper]), [lower, upper, root]);
  assert.deepEqual(signersOf([root], []), [], 'a certificate that everybody trusts by itself');
});

test('what is not told is found among the authorities, by signature', () => {
  assert.deepEqual(signersOf([own], [root, forged, upper, lower]), [lower, upper, root]);
  assert.deepEqual(signersOf([own, lower], [forged, upper]), [lower, upper]);
  assert.deepEqual(signersOf([own], [lower, root]), [lower], 'as far as it is known');
});

test('authorities that have signed each other are each named once', t => {
  const [oneRoot, otherRoot] = [new TestAuthority('One'), new TestAuthority('Other')];
  const oneOf = new TestAuthority('One', otherRoot, oneRoot);
  const otherOf = new TestAuthority('Other', oneRoot, otherRoot);
  t.after(() => [oneRoot, otherRoot, oneOf, otherOf].forEach(authority => void authority.remove()));
  const [one, other] = [oneOf, otherOf].map(({ caText }) => new X509Certificate(caText));
  const client = new X509Certificate(readFileSync(oneOf.issue('client').cert));
  assert.deepEqual(signersOf([client], [other!, one!]), [one, other]);
});

test('nobody is known who signed it', () => {
  assert.equal(signersOf([], [lower]), null);
  assert.equal(signersOf([own], [root, upper]), null);
  assert.equal(signersOf([own, lower, forged], [upper, root]), null, 'a name alone signs nothing');
});
