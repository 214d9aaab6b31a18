// The result of npm pack can be installed in an empty folder elsewhere and serves there, with the Node that it brings.

import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { freePort } from '../../support/free-port.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { type InstalledPackage, installPackage, strangersEnvironment } from './installed-package.ts';

const exec = promisify(execFile);
let installed: InstalledPackage;

before(async () => {
  installed = await installPackage();
});
after(() => installed?.remove());

/** Writes a configuration into the folder, with a route to the backend. */
function writeConfiguration(name: string, port: number, admin: number, backend: number): void {
  const lines = [
    'listeners:',
    `  - address: 127.0.0.1:${port}`,
    `admin: { address: "127.0.0.1:${admin}" }`,
    'accessLog: { path: stdout }',
    `upstreams: { backend: { endpoints: ["http://127.0.0.1:${backend}"] } }`,
    'routes: [{ name: all, match: { path: /* }, to: backend }]',
  ];
  writeFileSync(path.join(installed.folder, name), `${lines.join('\n')}\n`);
}

test('the package holds what it needs and nothing else', () => {
  const expected = [
    'bin/cardea',
    'dist/cli/main.js',
    'examples/quickstart.yaml',
    'LICENSE',
    'README.md',
    'CHANGELOG.md',
    'docs/errors.md',
  ];
  assert.deepEqual(
    expected.filter(file => !installed.files.includes(file)),
    [],
  );
  const odd = installed.files.filter(
    file => !/^(bin|dist|examples|docs)\/|^(LICENSE|[A-Z]+\.md|package\.json)$/.test(file),
  );
  assert.deepEqual(odd, []);
  assert.deepEqual(
    installed.files.filter(file => /\.test\.|\.fixture\.|\.ts$/.test(file)),
    [],
  );
});

test('links in its documents lead to files that it holds', () => {
  const documents = installed.files.filter(file => file.endsWith('.md'));
  const dead = documents.flatMap(document => {
    const text = readFileSync(path.join(installed.folder, 'node_modules/cardea', document), 'utf8');
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, link]) => link!);
    return links
      .map(link => path.posix.join(path.posix.dirname(document), link))
      .filter(target => !installed.files.some(file => file === target || file.startsWith(`${target}/`)))
      .map(target => `${document}: ${target}`);
  });
  assert.ok(documents.includes('README.md'));
  assert.deepEqual(dead, []);
});

test('npx cardea validate accepts a good file and names what is wrong in a bad one', async () => {
  writeConfiguration('good.yaml', 8080, 9901, 9000);
  writeFileSync(path.join(installed.folder, 'bad.yaml'), 'listners: []\n');
  const options = { cwd: installed.folder, env: strangersEnvironment() };
  await exec('npx', ['cardea', 'validate', '-c', 'good.yaml'], options);
  await assert.rejects(
    exec('npx', ['cardea', 'validate', '-c', 'bad.yaml'], options),
    (error: { code: number; stdout: string; stderr: string }) => {
      assert.equal(error.code, 1);
      assert.match(error.stdout + error.stderr, /bad\.yaml:1:1.*listners/s);
      return true;
    },
  );
});

test('npx cardea run serves a request', { timeout: 60_000 }, async t => {
  const { port } = await running(t, 'npx', ['cardea']);
  const response = await fetch(`http://127.0.0.1:${port}/hello?x=1`);
  assert.equal(response.status, 200);
  assert.equal(await response.text(), 'backend saw /hello?x=1');
});

test('the installed command itself gets signals: SIGTERM drains, then 0', { timeout: 60_000 }, async t => {
  const { gateway, port } = await running(t, path.join(installed.folder, 'node_modules/.bin/cardea'), []);
  gateway.kill('SIGTERM');
  const [code] = await once(gateway, 'exit');
  assert.equal(code, 0);
  await assert.rejects(once(connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
});

/** Starts the gateway with a backend behind it and waits until it is ready; both end with the test. */
async function running(
  t: TestContext,
  command: string,
  args: string[],
): Promise<{ gateway: ChildProcess; port: number }> {
  const backend = createServer((request, response) => response.end(`backend saw ${request.url}`));
  const backendPort = await listeningPort(backend);
  t.after(() => backend.close());
  const port = await freePort();
  writeConfiguration('cardea.yaml', port, await freePort(), backendPort);
  const gateway = spawn(command, [...args, 'run', '-c', 'cardea.yaml', '--workers', '1'], {
    cwd: installed.folder,
    env: strangersEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  // npx runs a shell between itself and the gateway; the process group contains all of them.
  t.after(() => {
    if (gateway.exitCode === null) process.kill(-gateway.pid!, 'SIGKILL');
  });
  await saysReady(gateway);
  return { gateway, port };
}

/** Resolves at the ready line; rejects with the output when the process ends before. */
function saysReady(gateway: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    gateway.stdout!.resume();
    gateway.stderr!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/\bready\b/i.test(said)) resolve();
    });
    gateway.on('exit', code => reject(new Error(`ended with ${code} before it was ready: ${said}`)));
  });
}
