// Names that other gateways use: each suggestion is something that this language has.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { foreignName, foreignNames } from './foreign-names.ts';

test('every suggestion is a key, a filter or a value of the language', () => {
  const schema = readFileSync(path.join(import.meta.dirname, '../../docs/reference/schema.json'), 'utf8');
  for (const name of new Set(Object.values(foreignNames).flat())) {
    assert.ok(schema.includes(`"${name}"`), name);
  }
});

test('what fits where it stands is meant, however it is written', () => {
  assert.equal(foreignName('service', ['name', 'to']), 'to');
  assert.equal(foreignName('Services', ['upstreams', 'routes']), 'upstreams');
  assert.equal(foreignName('rate-limiting', ['rateLimit']), 'rateLimit');
  assert.equal(foreignName('ext_authz', ['forwardAuth', 'acl']), 'forwardAuth');
  assert.equal(foreignName('service', ['path']), undefined);
  assert.equal(foreignName('constructor', ['path']), undefined);
});
