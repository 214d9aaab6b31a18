// What may be included: files of a bounded size, and nothing that could be read without end.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from './load.ts';
import { SourceExcerpts } from './source-excerpt.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-include-'));
after(() => rmSync(folder, { recursive: true }));

function problemsWith(included: string): string[] {
  const main = path.join(folder, 'cardea.yaml');
  writeFileSync(main, `listeners: [{ address: 127.0.0.1:0 }]\ninclude:\n  - ${included}\n`);
  return loadConfig(main, { filters: [] }).problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

test('a device is refused unread', () => {
  assert.deepEqual(problemsWith('/dev/zero'), ['3:5 /dev/zero is not a file']);
});

test('a pipe is refused unread', () => {
  const pipe = path.join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.deepEqual(problemsWith(pipe), [`3:5 ${pipe} is not a file`]);
});

test('a folder is refused', () => {
  const inner = path.join(folder, 'routes');
  mkdirSync(inner);
  assert.deepEqual(problemsWith(inner), [`3:5 ${inner} is a folder`]);
});

test('a file that is too large is refused unread', () => {
  const large = path.join(folder, 'large.yaml');
  writeFileSync(large, '');
  // A hole of a terabyte: reading it would fail otherwise.
  truncateSync(large, 2 ** 40);
  assert.deepEqual(problemsWith(large), [`3:5 ${large} is larger than 64 MiB`]);
});

test('a file that is not there is told where it is asked for', () => {
  assert.deepEqual(problemsWith('missing.yaml'), [`3:5 there is no file ${path.join(folder, 'missing.yaml')}`]);
});

test('a device as the configuration itself is refused, and not read for an excerpt of it', () => {
  const { problems } = loadConfig('/dev/zero', { filters: [] });
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['/dev/zero is not a file'],
  );
  assert.deepEqual(new SourceExcerpts().of(problems[0]!), []);
});
