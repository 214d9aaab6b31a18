// How `optional` is written, and what it comes to in filters that hold others.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asOptional, optionalLogin, optionalOf } from './optional-login.ts';

test('true, false, or the consumer that callers without a credential are', () => {
  const read = (written: unknown) => asOptional(optionalLogin.parse(written));
  assert.equal(read(undefined), null);
  assert.equal(read(false), null);
  assert.deepEqual(read(true), { consumer: null });
  assert.deepEqual(read({ consumer: 'guest' }), { consumer: 'guest' });
  for (const wrong of ['guest', 'true', null, {}, { consumer: '' }, { consumer: 'guest', plan: 'free' }, ['guest']])
    assert.equal(optionalLogin.safeParse(wrong).success, false, JSON.stringify(wrong));
});

test('one filter that requires nothing opens anyOf, and one that requires something closes allOf', () => {
  const required = { name: 'apiKey', config: { optional: false } };
  const open = { name: 'jwt', config: { optional: true } };
  const named = { name: 'basic', config: { optional: { consumer: 'guest' } } };
  const of = (name: string, ...config: object[]) => optionalOf({ name, config })?.consumer;
  assert.equal(of('anyOf', required, required), undefined);
  assert.equal(of('anyOf', required, open), null);
  assert.equal(of('anyOf', required, open, named), 'guest');
  assert.equal(of('allOf', required, named), undefined);
  assert.equal(of('allOf', open, open), null);
  assert.equal(of('allOf', open, named), 'guest');
  assert.equal(of('anyOf', required, { name: 'allOf', config: [open, required] }), undefined);
  assert.equal(of('anyOf', required, { name: 'allOf', config: [open, named] }), 'guest');
  assert.equal(optionalOf({ name: 'oidc', config: {} }), null);
  assert.equal(optionalOf({ name: 'odd', config: undefined }), null);
});
