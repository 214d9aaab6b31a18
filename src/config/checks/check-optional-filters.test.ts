// What is wrong with `optional` beside the other filters of a chain: what could not be done, and what would never be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterConfig } from '../config.ts';
import { checkOptionalFilters } from './check-optional-filters.ts';

const consumers = new Set(['guest', 'visitor']);
const key: FilterConfig = { name: 'apiKey', config: { optional: false } };
const open: FilterConfig = { name: 'jwt', config: { optional: true } };
const named = (consumer: string): FilterConfig => ({ name: 'jwt', config: { optional: { consumer } } });
const login: FilterConfig = { name: 'oidc', config: {} };
const other: FilterConfig = { name: 'cors', config: {} };
const anyOf = (...config: FilterConfig[]): FilterConfig => ({ name: 'anyOf', config });
const allOf = (...config: FilterConfig[]): FilterConfig => ({ name: 'allOf', config });

function problems(chain: readonly (FilterConfig | undefined)[], before: readonly FilterConfig[] = []): string[] {
  return checkOptionalFilters(before, chain, ['filters'], consumers).map(
    ({ path, message, severity }) => `${severity} ${path.join('.')}: ${message}`,
  );
}

test('credentials that are optional stand beside each other and beside those that are required', () => {
  for (const chain of [
    [open, named('guest')],
    [named('guest'), named('guest'), key],
    [key, open],
    [login, named('guest')],
    [undefined, named('guest'), other],
    [anyOf(key, open)],
    [anyOf(key, named('guest'))],
    [anyOf(key, login)],
    [allOf(key, open)],
    [allOf(open, named('guest'))],
    [allOf(login, open)],
    [anyOf(allOf(key, open), key)],
    [anyOf(allOf(open, open), key)],
    [login, anyOf(login, key), named('guest')],
  ])
    assert.deepEqual(problems(chain), []);
});

test('a consumer that is not there', () => {
  const message = 'there is no consumer "gust"';
  assert.deepEqual(problems([named('gust')]), [`error filters.0.jwt.optional.consumer: ${message}`]);
  assert.deepEqual(problems([other, anyOf(key, allOf(named('gust'), open))]), [
    `error filters.1.anyOf.1.allOf.0.jwt.optional.consumer: ${message}`,
  ]);
});

test('a consumer whom no caller would ever be', () => {
  const required =
    'requires a credential before this filter, so no caller would ever be "guest": write `optional: true`';
  assert.deepEqual(problems([key, named('guest')]), [`error filters.1.jwt.optional.consumer: apiKey ${required}`]);
  assert.deepEqual(problems([named('guest')], [anyOf(key, key)]), [
    `error filters.0.jwt.optional.consumer: anyOf ${required}`,
  ]);
  const taken =
    'callers without a credential are "guest" already, by jwt: write `optional: true`, or the same consumer';
  assert.deepEqual(problems([named('visitor')], [named('guest')]), [`error filters.0.jwt.optional.consumer: ${taken}`]);
  assert.deepEqual(problems([anyOf(named('guest'), named('visitor'))]), [
    `error filters.0.anyOf.1.jwt.optional.consumer: ${taken.replace('by jwt', 'by anyOf')}`,
  ]);
  assert.deepEqual(problems([allOf(key, named('guest'))]), [
    'error filters.0.allOf.1.jwt.optional.consumer: apiKey in the same allOf requires a credential, so no caller would ever be "guest": write `optional: true`',
  ]);
});

test('a filter that decides itself what becomes of callers without a credential', () => {
  const message = 'itself decides what becomes of callers without a credential, so jwt beside it cannot be `optional`';
  assert.deepEqual(problems([anyOf(login, open)]), [`error filters.0.anyOf.0.oidc: oidc ${message}`]);
  assert.deepEqual(problems([anyOf(open, anyOf(login, key))]), [`error filters.0.anyOf.1.anyOf: anyOf ${message}`]);
});

test('a filter that requires several credentials, and refuses who shows one of them like who shows none', () => {
  for (const several of [allOf(key, key), allOf(key, open)])
    assert.deepEqual(problems([anyOf(several, open)]), [
      'error filters.0.anyOf.0.allOf: allOf requires several credentials, and who shows only some of them would pass like one who shows none, so jwt beside it cannot be `optional`',
    ]);
});
