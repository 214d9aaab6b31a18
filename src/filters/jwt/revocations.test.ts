// Whether a verified token has been revoked: by its id, its subject or its time, as the list has it at this moment.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Login } from '../../exchange/identity/login.ts';
import type { Feed } from '../../store/feed.ts';
import type { RevocationValue } from '../../store/revocation/revocation-feed.ts';
import { idFingerprint, RevocationTable, subjectFingerprint } from '../../store/revocation/revocation-table.ts';
import { Revocations } from './revocations.ts';
import type { VerifiedToken } from './verified-token.ts';

const key = { low: 0x1234567, high: -77 };

function tokenOf({ jti = '', subject = '', issuedAtS = 1_000 }): VerifiedToken {
  const login = new Login({ by: 'jwt', subject, keyId: '', scopes: [], claims: {} }, null);
  // Because: nothing else of the token is read.
  return { login, jti, issuedAtS, prints: null } as unknown as VerifiedToken;
}

/** A feed with a table that the test fills, and one without a list yet. */
function listed() {
  const table = RevocationTable.for(10);
  const feed = {
    value: { key, memory: table.memory } as RevocationValue | undefined,
    onChange: () => () => {},
    nudge: () => {},
  };
  const revocations = new Revocations(feed as Feed<RevocationValue>, false);
  return { table, feed, statusOf: (claims: Parameters<typeof tokenOf>[0]) => revocations.statusOf(tokenOf(claims)) };
}

test('without a list nothing is known, unless it is to count as an empty one', () => {
  const feed: Feed<RevocationValue> = { value: undefined, onChange: () => () => {}, nudge: () => {} };
  assert.equal(new Revocations(feed, false).statusOf(tokenOf({})), 'unknown');
  assert.equal(new Revocations(feed, true).statusOf(tokenOf({})), 'good');
});

test('a token is revoked by its id, and no other one is', () => {
  const { table, statusOf } = listed();
  assert.equal(statusOf({ jti: 'a' }), 'good');
  table.add(idFingerprint(key, 'a'), 2_000);
  assert.equal(statusOf({ jti: 'a' }), 'revoked');
  assert.equal(statusOf({ jti: 'a', issuedAtS: 9_000 }), 'revoked', 'an id is revoked whenever it was issued');
  for (const other of [{ jti: 'b' }, { jti: '', subject: 'a' }, { jti: 'b', subject: 'a' }, {}])
    assert.equal(statusOf(other), 'good', JSON.stringify(other));
});

test('tokens of a subject are revoked up to a time, to the second', () => {
  const { table, statusOf } = listed();
  table.add(subjectFingerprint(key, 'ann'), 2_000);
  assert.equal(statusOf({ subject: 'ann', issuedAtS: 2_000 }), 'revoked');
  assert.equal(statusOf({ subject: 'ann', issuedAtS: 2_001 }), 'good');
  assert.equal(statusOf({ subject: 'ann', issuedAtS: Number.NEGATIVE_INFINITY }), 'revoked', 'no time is an early one');
  assert.equal(statusOf({ subject: 'bob', issuedAtS: 1 }), 'good');
  assert.equal(statusOf({ jti: 'ann', issuedAtS: 1 }), 'good');
});

test('all tokens are revoked up to a time, also when nothing else is on the list', () => {
  const { table, statusOf } = listed();
  table.beforeS = 2_000;
  assert.equal(statusOf({ issuedAtS: 2_000 }), 'revoked');
  assert.equal(statusOf({ issuedAtS: 2_001 }), 'good');
  assert.equal(statusOf({ issuedAtS: Number.NEGATIVE_INFINITY }), 'revoked');
});

test('a token that names no id, subject or time is not revoked by what others are revoked by', () => {
  const { table, statusOf } = listed();
  const nameless = { issuedAtS: Number.NEGATIVE_INFINITY };
  assert.equal(statusOf(nameless), 'good');
  table.add(idFingerprint(key, ''), 2_000);
  table.add(subjectFingerprint(key, ''), 2_000);
  assert.equal(statusOf(nameless), 'good');
  assert.equal(statusOf({ ...nameless, subject: 'ann' }), 'good');
  assert.equal(statusOf({ ...nameless, jti: 'a' }), 'good');
});

test('a list that is read anew counts at once, under a new key as well', () => {
  const { feed } = listed();
  const revocations = new Revocations(feed as Feed<RevocationValue>, false);
  const token = tokenOf({ jti: 'a', subject: 'ann' });
  assert.equal(revocations.statusOf(token), 'good');
  for (const fresh of [key, { low: key.low, high: 5 }, { low: 6, high: 5 }]) {
    const empty = RevocationTable.for(1);
    feed.value = { key: fresh, memory: empty.memory };
    assert.equal(revocations.statusOf(token), 'good');
    const next = RevocationTable.for(1);
    next.add(idFingerprint(fresh, 'a'), 1);
    feed.value = { key: fresh, memory: next.memory };
    assert.equal(revocations.statusOf(token), 'revoked');
  }
});
