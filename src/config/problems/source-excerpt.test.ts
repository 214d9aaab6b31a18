// Excerpts of the document beside problems: the line with a caret, and never a line that may contain a secret.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { SourceExcerpts } from './source-excerpt.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-excerpt-'));
after(() => rmSync(folder, { recursive: true }));

/** The excerpt for a problem at the last line of a document. */
function excerptOf(text: string, steps: readonly (string | number)[]): readonly string[] {
  const file = path.join(folder, 'cardea.yaml');
  writeFileSync(file, text);
  const line = text.trimEnd().split('\n').length;
  return new SourceExcerpts().of({ file, line, column: 3, path: steps, message: '', severity: 'error' });
}

test('shows the line and the place', () => {
  assert.deepEqual(excerptOf('routes:\n  nothing\n', ['routes']), ['  nothing', '  ^']);
});

test('a line that names a secret is not shown', () => {
  assert.deepEqual(excerptOf('  secret: abc\n', ['routes', 0]), []);
});

test('neither is a line that does not name it, below a key that holds secrets', () => {
  for (const steps of [
    ['consumers', 0, 'keys', 0],
    ['filters', 0, 'basic', 'users', 0],
    ['filters', 0, 'jwt', 'keys', 'secret', 0],
    ['filters', 0, 'oidc', 'session', 'keys'],
    ['filters', 0, 'oidc', 'clientSecret'],
    ['stores', 'main', 'url', 0],
  ]) {
    assert.deepEqual(excerptOf('key:\n  - abc\n', steps), [], steps.join('.'));
  }
});
