// File prints: which changes they show, and which changed files may be half-written.

import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { filePrintOf, isSamePrint, mayBeHalfWritten, printOf } from './file-print.ts';

function fileIn(t: TestContext, text: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-print-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'a.yaml');
  writeFileSync(file, text);
  return file;
}

test('a file that nobody touched has the same print, and is whole', t => {
  const file = fileIn(t, 'a: 1\n');
  const print = filePrintOf(file);
  assert.ok(isSamePrint(filePrintOf(file), print));
  assert.ok(isSamePrint(printOf(statSync(file)), print));
  assert.ok(!mayBeHalfWritten(filePrintOf(file), print));
});

test('a file that is written to may be half-written, larger or smaller', t => {
  const file = fileIn(t, 'a: 1\n');
  const before = filePrintOf(file);
  appendFileSync(file, 'b: 2\n');
  assert.ok(mayBeHalfWritten(filePrintOf(file), before));
  writeFileSync(file, 'a');
  assert.ok(mayBeHalfWritten(filePrintOf(file), before));
});

test('another file in its place is whole, unless it is smaller', t => {
  const file = fileIn(t, 'a: 1\n');
  const before = filePrintOf(file);
  writeFileSync(`${file}.new`, 'a: 1\nb: 2\n');
  renameSync(`${file}.new`, file);
  const now = filePrintOf(file);
  assert.ok(!isSamePrint(now, before));
  assert.ok(!mayBeHalfWritten(now, before));
  writeFileSync(`${file}.new`, 'a');
  renameSync(`${file}.new`, file);
  assert.ok(mayBeHalfWritten(filePrintOf(file), before));
});

test('a file that vanished may be on its way back; one that was never there is whole when it comes', t => {
  const file = fileIn(t, 'a: 1\n');
  const before = filePrintOf(file);
  rmSync(file);
  const gone = filePrintOf(file);
  assert.equal(gone.kind, 'absent');
  assert.ok(mayBeHalfWritten(gone, before));
  writeFileSync(file, 'a');
  assert.ok(!mayBeHalfWritten(filePrintOf(file), gone));
});

test('a folder is no file, and never half-written', t => {
  const folder = path.dirname(fileIn(t, 'a: 1\n'));
  const before = filePrintOf(folder);
  assert.equal(before.kind, 'other');
  writeFileSync(path.join(folder, 'b.yaml'), '');
  assert.ok(!mayBeHalfWritten(filePrintOf(folder), before));
});
