// package-lock.json is accepted by `npm ci` on every machine. When this fails: `npm run lock`.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { missingOptionals, stubOf } from '../../scripts/lock-stubs.mjs';
import { root } from './source-files.ts';

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly optional?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
}

const read = (file: string) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));
const lock: { packages: Record<string, Entry> } = read('package-lock.json');
const manifest: Entry & { bin: unknown } = read('package.json');

test('every optional dependency has its entry', () => {
  assert.deepEqual(missingOptionals(lock), []);
});

test('the lock holds no address of a registry', () => {
  const text = readFileSync(path.join(root, 'package-lock.json'), 'utf8');
  assert.deepEqual(text.match(/"resolved"|registry\.[a-z.]+|https?:\/\/(?:localhost|\d)[^"]*/g), null);
});

test('what is installed on every machine has an integrity', () => {
  const open = Object.entries(lock.packages).filter(
    ([key, { integrity, optional }]) => key !== '' && !optional && !integrity,
  );
  assert.deepEqual(open, []);
});

test('the lock is the one of package.json, and versions there are exact', () => {
  for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'] as const) {
    assert.deepEqual(lock.packages['']![kind], manifest[kind]);
    for (const [name, version] of Object.entries(manifest[kind]!)) {
      assert.match(version, /^\d+\.\d+\.\d+$/, `${name} ${version} is a range`);
      assert.equal(lock.packages[`node_modules/${name}`]?.version, version);
    }
  }
});

test('self-check: a missing binary is seen, and its stub tells the platform', () => {
  const [missing] = missingOptionals({
    packages: { 'node_modules/a': { dev: true, optionalDependencies: { 'a-linux-x64-musl': '^1.0.0' } } },
  });
  assert.deepEqual(stubOf(missing!), {
    version: '1.0.0',
    optional: true,
    dev: true,
    os: ['linux'],
    cpu: ['x64'],
    libc: ['musl'],
  });
  assert.throws(() => stubOf({ name: 'plain', range: '1.0.0', dev: false }), /tells no platform/);
});
