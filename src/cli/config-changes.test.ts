// Changes are told by resource and value, secrets only as changed, and spelling not at all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleConfig, sampleRoute, sampleUpstream } from '../runtime/sample-config.fixture.ts';
import { configChanges } from './config-changes.ts';

const a = sampleRoute('a', '/a');
const b = sampleRoute('b', '/b');
const users = sampleUpstream('users', [1]);

test('nothing differs between equal configurations', () => {
  const config = sampleConfig({ routes: [a, b], upstreams: [users] });
  assert.deepEqual(configChanges(config, structuredClone(config)), []);
});

test('added, removed, changed and moved', () => {
  const before = sampleConfig({ routes: [a, b, sampleRoute('c', '/c')], upstreams: [users] });
  const after = sampleConfig({
    routes: [sampleRoute('d', '/d'), b, { ...a, timeoutMs: 5 }],
    upstreams: [{ ...users, pool: { ...users.pool, maxPending: 7 } }],
    drainTimeoutMs: 1,
  });
  assert.deepEqual(configChanges(before, after), [
    { kind: 'changed', what: 'drainTimeoutMs', details: ['5000 -> 1'] },
    { kind: 'changed', what: 'upstream users', details: ['pool.maxPending: 500 -> 7'] },
    { kind: 'removed', what: 'route c', details: [] },
    { kind: 'added', what: 'route d', details: [] },
    { kind: 'changed', what: 'route a', details: ['timeoutMs: null -> 5'] },
    { kind: 'moved', what: 'routes', details: ['the order of routes differs'] },
  ]);
});

test('a secret that changed is told without its value', () => {
  const filters = (token: string) => [{ name: 'headers', config: { request: { set: { authorization: token } } } }];
  const changes = configChanges(sampleConfig({ filters: filters('one') }), sampleConfig({ filters: filters('two') }));
  assert.equal(changes.length, 1);
  assert.doesNotMatch(JSON.stringify(changes), /one|two/);
  assert.match(JSON.stringify(changes), /redacted/);
});
