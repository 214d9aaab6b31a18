// Until when lists of revoked certificates are valid, with lists that openssl makes, and what OpenSSL does with them.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { TestAuthority } from '../../../test/support/certificates.ts';
import { revocationDates, revocationWarning } from './revocation-dates.ts';

const [one, other] = [new TestAuthority('One'), new TestAuthority('Other')];
after(() => {
  one.remove();
  other.remove();
});

const DAY_MS = 86_400_000;
const now = Date.UTC(2026, 0, 10, 12);
const at = (days: number) => new Date(now + days * DAY_MS);
const list = (of: TestAuthority, from: number, to: number) => of.listBetween(at(from), at(to));

test('the first authority without a valid list decides; of several lists of one authority the last', () => {
  const cases: [text: string, from: number, to: number][] = [
    [list(one, -1, 6), -1, 6],
    [list(one, -1, 6) + list(other, -2, 3), -1, 3],
    [list(one, -9, -2) + list(one, -3, 4), -9, 4],
    [list(one, -3, 4) + list(one, -9, -2) + list(other, -1, 9), -1, 4],
  ];
  for (const [text, from, to] of cases) {
    const dates = revocationDates(text);
    assert.deepEqual([dates.validFrom, dates.expiresAt], [at(from).getTime(), at(to).getTime()]);
  }
});

test('what is said of lists that are not valid', () => {
  const said = (from: number, to: number) => revocationWarning(revocationDates(list(one, from, to)), now);
  assert.equal(said(-1, 1), '');
  assert.match(said(-2, -1), /^holds a list that has expired on 2026-01-09T12:00:00\.000Z: clients .* are refused/);
  assert.match(said(1, 2), /^holds a list that is not valid before 2026-01-11T12:00:00\.000Z: clients/);
});

test('nothing is said of what only OpenSSL can read', () => {
  for (const text of ['', '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n'])
    assert.equal(revocationWarning(revocationDates(text), now), '');
});
