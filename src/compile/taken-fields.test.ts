// Settings that read a field which never arrives are reported with their place; other settings are not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterConfig, NamedMatch } from '../config/config.ts';
import type { FilterDefinition } from '../exchange/filter.ts';
import { sampleConfig, sampleRoute } from '../runtime/sample-config.fixture.ts';
import { identityHeadersOf } from './identity-headers.ts';
import { takenFieldProblems, untrustedForwardingFieldProblems } from './taken-fields.ts';

const login: FilterDefinition<{ readonly writes: readonly string[] }> = {
  name: 'login',
  identityHeaders: ({ writes }) => writes,
  build: () => ({}),
};
const definitions = new Map([[login.name, login as FilterDefinition<unknown>]]);

function problemsOf(filters: readonly FilterConfig[], headers: readonly NamedMatch[] = []) {
  const to = { kind: 'upstream', upstream: 'a' } as const;
  const plain = sampleRoute('r', '/*', { to, filters });
  const route = { ...plain, match: { ...plain.match, headers } };
  const config = sampleConfig({ routes: [sampleRoute('other', '/other', { to }), route] });
  const { identityHeaders: taken } = identityHeadersOf(config, definitions);
  assert.ok(taken !== null);
  return takenFieldProblems(config, definitions, taken).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

const loginWith = (from: readonly object[], ...writes: readonly string[]) => ({
  name: 'login',
  config: { from, writes },
});

test('a route that matches on a field that is taken out', () => {
  const filters = [loginWith([{ kind: 'bearer', name: '' }], 'X-User')];
  const present = { kind: 'present' } as const;
  for (const name of ['x-consumer-plan', 'x-user', 'x_user'])
    assert.match(
      problemsOf(filters, [{ name, match: present }]).join(),
      /^routes\.1\.match\.headers: no request has x.*arrival$/,
    );
  assert.deepEqual(problemsOf(filters, [{ name: 'x-user', match: { kind: 'absent' } }]), []);
  assert.deepEqual(problemsOf(filters, [{ name: 'x-users', match: present }]), []);
});

test('a filter that looks there for a credential, of its own field or of another filter’s', () => {
  const key = [{ kind: 'header', name: 'x-token' }];
  assert.deepEqual(problemsOf([loginWith(key)]), []);
  assert.match(
    problemsOf([loginWith(key, 'X-Token')]).join(),
    /^routes\.1\.filters: login looks for a credential in x-token/,
  );
  assert.match(problemsOf([loginWith(key), loginWith([], 'X-Token')]).join(), /in x-token, and none comes/);
  assert.match(problemsOf([loginWith([{ kind: 'bearer', name: '' }], 'Authorization')]).join(), /in authorization/);
});

test('a filter that looks where one before it writes finds what that one wrote', () => {
  const key = [{ kind: 'header', name: 'x-token' }];
  assert.deepEqual(problemsOf([loginWith([], 'X-Token'), loginWith(key)]), []);
  assert.match(problemsOf([loginWith(key), loginWith([], 'X-Token'), loginWith(key)]).join(), /^[^,]*in x-token, and/);
  const to = { kind: 'upstream', upstream: 'a' } as const;
  const routes = [
    sampleRoute('own', '/own', { to, filters: [loginWith([], 'X-Own')] }),
    sampleRoute('other', '/other', { to, filters: [loginWith(key), loginWith([{ kind: 'header', name: 'x-own' }])] }),
  ];
  const config = sampleConfig({ routes, filters: [loginWith([], 'X-Token')] });
  const found = takenFieldProblems(config, definitions, identityHeadersOf(config, definitions).identityHeaders!);
  assert.deepEqual(
    found.map(({ path, message }) => [...path, message.slice(0, 42)]),
    [['routes', 1, 'filters', 'login looks for a credential in x-own, and']],
  );
});

test('a route that matches on what a proxy says, where none is believed', () => {
  const present = { kind: 'present' } as const;
  const problemsOf = (trustedProxies: readonly string[], ...headers: readonly NamedMatch[]) => {
    const plain = sampleRoute('r', '/*', { to: { kind: 'upstream', upstream: 'a' } });
    const config = sampleConfig({ routes: [{ ...plain, match: { ...plain.match, headers } }] });
    const listeners = config.listeners.map(listener => ({ ...listener, trustedProxies }));
    return untrustedForwardingFieldProblems({ ...config, listeners }).map(({ path, severity }) => [
      path.join('.'),
      severity,
    ]);
  };
  const asked: NamedMatch = { name: 'x-forwarded-proto', match: present };
  assert.deepEqual(problemsOf([], asked), [['routes.0.match.headers', 'warning']]);
  assert.deepEqual(problemsOf(['10.0.0.0/8'], asked), []);
  assert.deepEqual(problemsOf([], { name: 'x-forwarded-proto', match: { kind: 'absent' } }), []);
  assert.deepEqual(problemsOf([], { name: 'x-requested-with', match: present }), []);
});
