// The keys by which tokens are verified: of the configuration or of a feed, only of algorithms that are wanted; and how often new ones are
// asked for.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { Feed } from '../../store/feed.ts';
import type { JwksValue } from '../../store/jwks/jwks-feed.ts';
import { schema } from './config.ts';
import { IssuerKeys } from './issuer-keys.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey;
const rsaKey = { ...rsa.export({ format: 'jwk' }), kid: 'r' };
const ecKey = { ...ec.export({ format: 'jwk' }), kid: 'e' };
const secretKey = { kty: 'oct', kid: 's', k: 'A'.repeat(86) };

const configOf = (config: object) => schema.parse({ issuer: 'https://idp.example.com', audience: 'api', ...config });
const configured = (config: object) =>
  new IssuerKeys(configOf(config), null).current()?.keys.map(({ algorithm }) => algorithm.name);

test('keys of the configuration have the algorithms that are wanted, and the first of them where they name none', () => {
  const set = (...keys: object[]) => ({ keys: { set: { keys } } });
  assert.deepEqual(configured(set(rsaKey, ecKey)), ['RS256', 'ES256']);
  assert.deepEqual(configured({ ...set(rsaKey), algorithms: ['ES256', 'PS384', 'RS256'] }), ['PS384']);
  assert.deepEqual(configured({ ...set(rsaKey, ecKey), algorithms: ['ES256'] }), ['ES256']);
  assert.deepEqual(configured(set(secretKey)), ['HS256']);
  assert.deepEqual(configured({ ...set(secretKey), algorithms: ['RS256', 'HS512'] }), ['HS512']);
  const pem = String(rsa.export({ format: 'pem', type: 'spki' }));
  assert.deepEqual(configured({ keys: { pem, algorithm: 'PS512' } }), ['PS512']);
  assert.deepEqual(configured({ keys: { secret: 's'.repeat(64), algorithm: 'HS512' } }), ['HS512']);
});

test('keys of the configuration that cannot be used are an error that shows nothing of them', () => {
  for (const [config, message] of [
    [{ keys: { set: { keys: [ecKey] } }, algorithms: ['RS256'] }, /leaves no key/],
    [{ keys: { set: { keys: [ecKey, { ...rsaKey, e: 'AQ' }] } } }, /key "r": its public exponent/],
    [
      { keys: { pem: `-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n`, algorithm: 'RS256' } },
      /no public key/,
    ],
    [{ keys: { pem: String(ec.export({ format: 'pem', type: 'spki' })), algorithm: 'RS256' } }, /needs an RSA key/],
    [
      { keys: { pem: String(rsa.export({ format: 'pem', type: 'spki' })), algorithm: 'ES256' } },
      /needs a key on P-256/,
    ],
    [{ keys: { pem: String(ec.export({ format: 'pem', type: 'spki' })), algorithm: 'ES384' } }, /needs a key on P-384/],
    [{ keys: { pem: String(ec.export({ format: 'pem', type: 'spki' })), algorithm: 'EdDSA' } }, /its curve is not/],
    [{ keys: { secret: 's'.repeat(40), algorithm: 'HS512' } }, /at least 64 bytes/],
  ] as const)
    assert.throws(
      () => configured(config),
      (error: unknown) => error instanceof TypeError && message.test(error.message),
    );
});

/** Keys from a feed that the test controls. */
function fed(config: object = {}, value: JwksValue = { version: 1, keys: [rsaKey], checkedAtMs: 0 }) {
  const listeners = new Set<() => void>();
  const asked: string[] = [];
  const feed = {
    value: value as JwksValue | undefined,
    onChange(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    nudge: (hint: string) => void asked.push(hint),
  };
  const keys = new IssuerKeys(configOf(config), feed as unknown as Feed<JwksValue>);
  const names = () => keys.current()?.keys.map(({ kid }) => kid) ?? null;
  return { keys, feed, asked, listeners, names };
}

test('keys that an issuer publishes are taken when they change, and only those of wanted algorithms', () => {
  const { keys, feed, names } = fed({ algorithms: ['RS256'] });
  assert.deepEqual([names(), keys.generation], [['r'], 1]);
  feed.value = { version: 1, keys: [rsaKey], checkedAtMs: 5 };
  assert.deepEqual([names(), keys.generation], [['r'], 1], 'asked again, and the same');
  feed.value = { version: 2, keys: [rsaKey, ecKey], checkedAtMs: 5 };
  assert.deepEqual([names(), keys.generation], [['r'], 2]);
  feed.value = { version: 3, keys: [ecKey], checkedAtMs: 5 };
  assert.deepEqual([names(), keys.generation], [null, 3]);
  feed.value = undefined;
  assert.deepEqual([names(), keys.generation], [null, 4]);
});

test('an issuer is asked again at most once in a cool-down, whoever needs a key', async t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  const { keys, feed, asked, listeners } = fed(
    { coolDown: '30s' },
    { version: 1, keys: [rsaKey], checkedAtMs: 980_000 },
  );
  keys.current();
  assert.equal(keys.renewed(), null, 'asked lately by somebody else');
  t.mock.timers.tick(10_000);
  const renewed = keys.renewed();
  assert.ok(renewed !== null);
  assert.equal(keys.renewed(), renewed, 'one look for all');
  assert.deepEqual(asked, ['unknown key']);
  feed.value = { version: 2, keys: [ecKey], checkedAtMs: 980_000 };
  for (const listener of listeners) listener();
  await renewed;
  assert.equal(listeners.size, 0);
  keys.current();
  t.mock.timers.tick(29_999);
  assert.equal(keys.renewed(), null, 'asked lately from here, though the source says nothing of it');
  t.mock.timers.tick(1);
  assert.ok(keys.renewed() !== null);
});

test('who waits for a key waits no longer than two seconds, and no more than 500 wait', async t => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  const { keys, listeners } = fed();
  keys.current();
  const waiting = Array.from({ length: 500 }, () => keys.renewed());
  assert.ok(waiting.every(each => each !== null));
  assert.equal(keys.renewed(), null);
  t.mock.timers.tick(1_999);
  assert.equal(listeners.size, 1);
  t.mock.timers.tick(1);
  await Promise.all(waiting);
  assert.equal(listeners.size, 0);
  t.mock.timers.tick(60_000);
  assert.ok(keys.renewed() !== null, 'their places are free again');
});

test('without a feed, or before it has a first value, there is nothing to wait for', () => {
  assert.equal(new IssuerKeys(configOf({ keys: { set: { keys: [rsaKey] } } }), null).renewed(), null);
  const { feed, asked } = fed();
  feed.value = undefined;
  const empty = new IssuerKeys(configOf({}), feed as unknown as Feed<JwksValue>);
  assert.equal(empty.current(), null);
  assert.equal(empty.renewed(), null);
  assert.deepEqual(asked, []);
});
