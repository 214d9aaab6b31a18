// The access log of the real command is rotated as logrotate does it: renamed, then SIGUSR1.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { metric } from '../../support/metric.ts';

function documentWith(log: string): string {
  return [
    `accessLog: { path: ${log} }`,
    'routes: [{ name: all, match: { path: /* }, to: { reply: { status: 200, body: here } } }]',
    '',
  ].join('\n');
}

test('SIGUSR1 opens the access log anew on every worker', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-rotation-'));
  const log = path.join(folder, 'access.log');
  const gateway = await startGateway(documentWith(log), { workers: 2 });
  try {
    await fetch(`http://127.0.0.1:${gateway.port}/before`);
    renameSync(log, `${log}.1`);
    process.kill(gateway.pid, 'SIGUSR1');
    await eventually(() => statSync(log, { throwIfNoEntry: false }) !== undefined, 'the log is there anew');
    await fetch(`http://127.0.0.1:${gateway.port}/after`);
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
  assert.match(readFileSync(log, 'utf8'), /"path":"\/after"/);
  rmSync(folder, { recursive: true });
});

test('a worker that takes the place of another serves, though the log cannot be opened, and writes it as soon as it can', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-rotation-'));
  const log = path.join(folder, 'access.log');
  const gateway = await startGateway(documentWith(log), { environment: { CARDEA_TEST_CRASH: 'terminate' } });
  t.after(async () => {
    await gateway.stop();
    rmSync(folder, { recursive: true });
  });
  const statusOf = async (target: string) => (await fetch(`http://127.0.0.1:${gateway.port}${target}`)).status;
  rmSync(folder, { recursive: true });
  process.kill(gateway.pid, 'SIGUSR2');
  await eventually(() => gateway.stderr().includes('worker replaced'), 'the worker is replaced');
  for (let n = 0; n < 3; n++) assert.equal(await statusOf('/unwritten'), 200);
  assert.equal(gateway.stderr().split('access log cannot be written').length, 2, gateway.stderr());
  assert.equal(await metric(gateway, 'cardea_access_log_lines_total{result="dropped"}'), 3);
  mkdirSync(folder);
  const written = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  await eventually(
    async () => (await statusOf('/written')) === 200 && written().includes('"path":"/written"'),
    'it is written',
  );
  const again = /"access log is written again","worker":\d+,"droppedLines":(\d+)/;
  await eventually(() => again.test(gateway.stderr()), 'it says so');
  assert.ok(Number(again.exec(gateway.stderr())?.[1]) >= 3, gateway.stderr());
});

test('SIGUSR1 while a worker dies does not end the gateway', async () => {
  const gateway = await startGateway(documentWith('stdout'), {
    workers: 2,
    environment: { CARDEA_TEST_CRASH: 'terminate' },
  });
  try {
    process.kill(gateway.pid, 'SIGUSR2');
    process.kill(gateway.pid, 'SIGUSR1');
    await eventually(() => gateway.stderr().includes('worker replaced'), 'the worker is replaced');
    assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 200);
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});

test('SIGUSR1 before the gateway listens to it leaves no debugger open', async () => {
  // A module loaded first waits until Node has reacted to the signal. Workers load it, too.
  const early = `import { isMainThread } from 'node:worker_threads';
    import { url } from 'node:inspector';
    if (isMainThread) {
      process.kill(process.pid, 'SIGUSR1');
      while (url() === undefined) await new Promise(done => setTimeout(done, 5));
    }`;
  const gateway = await startGateway(documentWith('stdout'), {
    environment: {
      // Because: the default port of the debugger may be in use by another process.
      NODE_OPTIONS: `--inspect-port=0 --import=data:text/javascript,${encodeURIComponent(early)}`,
    },
  });
  try {
    const [, port] =
      /Debugger listening on ws:\/\/127\.0\.0\.1:(\d+)/.exec(gateway.stderr()) ?? assert.fail('none opened');
    await assert.rejects(fetch(`http://127.0.0.1:${port}/json/version`), /fetch failed/);
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
});
