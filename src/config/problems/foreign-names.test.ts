// Names that other gateways use: each suggestion is something that this language has.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { foreignName, foreignNames, plainName } from './foreign-names.ts';
import { foreignNote, notes } from './foreign-notes.ts';
import { gatewayNames } from './gateway-names.ts';

test('every suggestion is a key, a filter or a value of the language', () => {
  const schema = readFileSync(path.join(import.meta.dirname, '../../../docs/reference/schema.json'), 'utf8');
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

test('each name is written in the form in which names are compared, and only once', () => {
  for (const name of [...Object.keys(foreignNames), ...Object.keys(notes)]) assert.equal(plainName(name), name);
  const source = readFileSync(path.join(import.meta.dirname, 'foreign-names.ts'), 'utf8');
  for (const name of Object.keys(gatewayNames)) {
    assert.doesNotMatch(source, new RegExp(`^  ${name}: \\[`, 'm'), `${name} is in both tables`);
  }
});

test('what has no name here is explained', () => {
  assert.match(foreignNote('preserve_host') ?? '', /^here the upstream gets the client’s `Host`/);
  assert.match(foreignNote('passHostHeader') ?? '', /`rewrite: \{ host: \.\.\. \}`/);
  assert.equal(foreignNote('toString'), undefined);
});

test('settings that an explanation names exist', () => {
  const schema = readFileSync(path.join(import.meta.dirname, '../../../docs/reference/schema.json'), 'utf8');
  for (const text of Object.values(notes)) {
    for (const [, setting] of text.matchAll(/`(\w+)`|\b(\w+): \{/g)) {
      if (setting !== undefined) assert.ok(schema.includes(`"${setting}"`) || setting === 'Host', setting);
    }
  }
});
