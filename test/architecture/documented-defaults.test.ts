// The guide's table of default times and limits agrees with the generated reference.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listedDefaults, staleDefaults } from './documented-defaults.ts';
import { filesOf } from './source-files.ts';

const [guide] = filesOf('docs/guide/limits.md');
const [reference] = filesOf('docs/reference/configuration.md');

test('every default that the guide lists is the default', () => {
  assert.ok(listedDefaults(guide!.text) > 20);
  assert.deepEqual(staleDefaults(guide!.text, reference!.text), []);
});

const row = '| `limits.body` | `0` or size | `0` | Body of a request. |\n';

test('self-check: another default, and a setting that there is not, are found', () => {
  assert.deepEqual(staleDefaults('| `limits.body` | `0` | the body | 413 |\n', row), []);
  assert.equal(staleDefaults('| `limits.body` | `1MiB` | the body | 413 |\n', row).length, 1);
  assert.equal(staleDefaults('| `limits.bodies` | `0` | the body | 413 |\n', row).length, 1);
});
