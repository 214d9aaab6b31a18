// A signal that comes while the code of the gateway is still being loaded: it is handled, so that process 1 of a container does not lose it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startChild, untilSaid } from '../../support/child.ts';
import { freePort } from '../../support/free-port.ts';

const command = path.resolve(import.meta.dirname, '../../../bin/cardea');
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-early-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const bounded = { timeout: 30_000 };

/** A module that sends the process a signal as soon as the command begins to load the code of `run`. */
function whenLoading(signal: NodeJS.Signals): NodeJS.ProcessEnv {
  const file = path.join(folder, `${signal}.mjs`);
  const source = `import { registerHooks } from 'node:module';
registerHooks({
  load(url, context, next) {
    if (/\\/cli\\/run\\.[jt]s$/.test(url)) process.kill(process.pid, '${signal}');
    return next(url, context);
  },
});
`;
  writeFileSync(file, source);
  return { NODE_OPTIONS: `--import=${pathToFileURL(file)}` };
}

const config = path.join(folder, 'cardea.yaml');
const prepared = freePort().then(port =>
  writeFileSync(
    config,
    `listeners: [{ address: "127.0.0.1:${port}" }]\nadmin: off\nroutes:\n  - { name: a, to: { reply: { status: 204 } } }\n`,
  ),
);

for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
  test(`${signal} before anything is open ends the command with 0`, bounded, async () => {
    await prepared;
    const child = await startChild(command, ['run', '-c', config, '--workers', '1'], whenLoading(signal));
    assert.equal(await child.exited, 0, child.stderr());
  });
}

const namespaces = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc', '--kill-child'];
const mayUnshare = spawnSync('unshare', [...namespaces, 'true']).status === 0;

test('as process 1, for which the kernel drops signals without a handler, too', {
  ...bounded,
  skip: !mayUnshare,
}, async t => {
  await prepared;
  const args = [...namespaces, command, 'run', '-c', config, '--workers', '1'];
  const child = await startChild('unshare', args, whenLoading('SIGTERM'));
  t.after(() => child.stop());
  const serves = untilSaid(child, 'ready').then(
    () => 'serves',
    () => child.exited,
  );
  assert.equal(await Promise.race([child.exited, serves]), 0, child.stderr());
});

for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const) {
  test(`${signal} before anything is open changes nothing`, bounded, async t => {
    await prepared;
    const child = await startChild(command, ['run', '-c', config, '--workers', '1'], whenLoading(signal));
    t.after(() => child.stop());
    await untilSaid(child, 'ready');
    assert.doesNotMatch(child.stderr(), /Debugger/);
    assert.equal(await child.stop(), 0);
  });
}
