// Which claims are accepted, to the second: times with the skew, audience, issuer, and the claims that are asked for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClaimRules } from './claim-rules.ts';
import { schema } from './config.ts';

const issuer = 'https://idp.example.com';
const now = 1_000_000;
const good = { iss: issuer, aud: 'api', exp: now + 100 };
const rulesOf = (config: object) =>
  new ClaimRules(schema.parse({ issuer, audience: 'api', clockSkew: '10s', ...config }));
const failure = (claims: object, config: object = {}) => rulesOf(config).failure({ ...good, ...claims }, now);

test('a token is accepted up to the second in which its time is over, skew included', () => {
  assert.equal(failure({}), null);
  assert.equal(failure({ exp: now - 9 }), null);
  assert.equal(failure({ exp: now - 10 }), 'expired');
  assert.equal(failure({ nbf: now + 10 }), null);
  assert.equal(failure({ nbf: now + 11 }), 'notYetValid');
  assert.equal(failure({ iat: now + 10 }), null);
  assert.equal(failure({ iat: now + 11 }), 'notYetValid');
  assert.equal(failure({ iat: now - 69 }, { maxAge: '1m' }), null);
  assert.equal(failure({ iat: now - 70 }, { maxAge: '1m' }), 'expired');
  assert.equal(failure({ iat: now - 1_000_000 }), null, 'no age is too much where none is asked for');
});

test('a token without end is refused, unless such tokens are wanted; one without an age where one is asked for', () => {
  assert.equal(failure({ exp: undefined }), 'wrongClaims');
  assert.equal(failure({ exp: undefined }, { requireExpiry: false }), null);
  assert.equal(failure({ exp: now - 10 }, { requireExpiry: false }), 'expired');
  assert.equal(failure({ iat: undefined }, { maxAge: '1m' }), 'wrongClaims');
});

test('a time that is no number is no time', () => {
  for (const name of ['exp', 'nbf', 'iat'])
    for (const value of [String(now), null, Number.NaN, Infinity, -Infinity, [now], {}])
      assert.equal(failure({ [name]: value }), 'wrongClaims', `${name} ${String(value)}`);
});

test('issuer and audience are compared whole', () => {
  for (const iss of [undefined, '', `${issuer}/`, issuer.toUpperCase(), [issuer]])
    assert.equal(failure({ iss }), 'wrongIssuer');
  for (const aud of [undefined, '', 'apis', 'API', [], ['apis'], [['api']], [1], { api: 1 }, 'x api'])
    assert.equal(failure({ aud }), 'wrongAudience');
  assert.equal(failure({ aud: ['x', 'api'] }), null);
  assert.equal(failure({ aud: 'two' }, { audience: ['one', 'two'] }), null);
  assert.equal(failure({ aud: undefined }, { audience: 'any' }), null);
  assert.equal(failure({ iss: 'x' }, { issuer: undefined, keys: { secret: 's'.repeat(40) } }), null);
});

test('each claim that is asked for must be there, with one of its values', () => {
  const claims = { 'a.b': ['x', 1], c: '*', d: true };
  assert.equal(failure({ a: { b: 'x' }, c: 0, d: true }, { claims }), null);
  assert.equal(failure({ a: { b: ['y', 1] }, c: [], d: [true] }, { claims }), null);
  for (const wrong of [{ a: { b: '1' } }, { a: { b: [] } }, { a: 'x' }, { c: null }, { c: undefined }, { d: 'true' }])
    assert.equal(failure({ a: { b: 'x' }, c: 0, d: true, ...wrong }, { claims }), 'wrongClaims', JSON.stringify(wrong));
  assert.equal(failure({ exp: now - 10 }, { claims }), 'expired');
});

test('how long a token may be remembered: until it ends, or is too old', () => {
  assert.equal(rulesOf({}).goodUntilS({ exp: now }), now + 10);
  assert.equal(rulesOf({}).goodUntilS({}), Infinity);
  assert.equal(rulesOf({}).goodUntilS({ iat: now }), Infinity);
  assert.equal(rulesOf({ maxAge: '1m' }).goodUntilS({ iat: now, exp: now + 300 }), now + 70);
  assert.equal(rulesOf({ maxAge: '1m' }).goodUntilS({ iat: now, exp: now + 30 }), now + 40);
});

test('all scopes are required, not one of them', () => {
  const rules = rulesOf({ scopes: ['read', 'write'] });
  assert.equal(rules.suffices(['write', 'x', 'read']), true);
  assert.equal(rules.suffices(['write']), false);
  assert.equal(rulesOf({}).suffices([]), true);
});
