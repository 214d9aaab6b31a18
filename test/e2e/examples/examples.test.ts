// Every configuration that a reader may copy is accepted: examples/ by the real command, those in the documents in this process.

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { validate } from '../../../src/cli/validate.ts';
import { runHere } from '../../support/command-here.ts';
import { documentedConfigurations, documentedFiles } from './documented-configurations.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-examples-'));
after(() => rmSync(folder, { recursive: true }));

const examples = globSync('examples/*.{yaml,yml,json}', { cwd: root }).sort();
const documents = globSync(['*.md', 'docs/**/*.md'], { cwd: root }).sort();
const documented = documents.flatMap(file => {
  const text = readFileSync(path.join(root, file), 'utf8');
  const own = once(() => prepare(documentedFiles(text)));
  return documentedConfigurations(file, text).map(each => ({ ...each, own }));
});

/** Output and exit code of the real command for a configuration. */
function audit(file: string): Promise<{ code: number; said: string }> {
  return new Promise(resolve => {
    execFile(path.join(root, 'bin/cardea'), ['audit', '-c', file], { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, said: stdout + stderr });
    });
  });
}

/** The commands that make the files an example needs: comment lines with three spaces after `#`, for a shell in its folder. */
function preparationOf(text: string): string {
  return [...text.matchAll(/^# {3}(.*)$/gm)].map(([, line]) => line).join('\n');
}

/** A new folder with what the commands make in it. */
function prepare(commands: string): string {
  const own = mkdtempSync(path.join(folder, 'prepared-'));
  if (commands !== '') execFileSync('/bin/sh', ['-ec', commands], { cwd: own, stdio: 'pipe' });
  return own;
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** The example's file, or a copy of it beside the files that it needs. */
function prepared(example: string): string {
  const text = readFileSync(path.join(root, example), 'utf8');
  const commands = preparationOf(text);
  if (commands === '') return path.join(root, example);
  return write(path.basename(example), text, prepare(commands));
}

function write(name: string, text: string, into = folder): string {
  const file = path.join(into, `${name.replaceAll(/[^\w.-]/g, '-')}.yaml`);
  writeFileSync(file, text);
  return file;
}

describe('configurations that readers copy', { concurrency: 2 }, () => {
  for (const example of examples) {
    test(example, async () => {
      // `audit` also validates the file.
      const { code, said } = await audit(prepared(example));
      assert.equal(code, 0, said);
    });
    test(`${example} completes in editors`, () => {
      assert.match(readFileSync(path.join(root, example), 'utf8'), /^# yaml-language-server: \$schema=/m);
    });
  }

  for (const { place, whole, own } of documented) {
    test(place, async () => {
      const { code, said } = await runHere(validate, '-c', write(place, whole, own()));
      assert.equal(code, 0, `${said}\n${whole}`);
    });
  }

  test('there are examples, and documents show configurations', () => {
    assert.ok(examples.length > 0);
    assert.ok(documented.length > 5);
  });

  test('self-check: an example with a mistake is refused', async () => {
    const [first] = documentedConfigurations(
      'x.md',
      '```yaml cardea\nroutes:\n  - { name: a, mtach: { path: /a }, to: b }\n```\n',
    );
    const { code, said } = await runHere(validate, '-c', write('mistake', first!.whole));
    assert.equal(code, 1, said);
    assert.match(said, /mtach/);
  });
});
