// What systemd is told, by a command in place of its own.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { SystemdNotifier } from './systemd-notifier.ts';

/** A command that writes its arguments to a file, a little later for RELOADING: nothing may overtake it. */
function recorder(t: TestContext): { readonly command: string; told(): string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-notify-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const command = path.join(folder, 'notify');
  const file = path.join(folder, 'told');
  writeFileSync(file, '');
  writeFileSync(command, `#!/bin/sh\ncase $1 in RELOADING*) sleep 0.1;; esac\necho "$NOTIFY_SOCKET $*" >> ${file}\n`);
  chmodSync(command, 0o755);
  return { command, told: () => readFileSync(file, 'utf8') };
}

const environment = { ...process.env, NOTIFY_SOCKET: '/run/x' };
const onFailure = assert.fail;

test('ready, a reload and the end, in this order; nothing of a reload before it is ready', async t => {
  const { command, told } = recorder(t);
  const notifier = new SystemdNotifier({ onFailure, command, environment });
  await notifier.around(Promise.resolve('early'));
  await notifier.ready('serving');
  void notifier.around(Promise.resolve('serving\nanew'));
  // One turn, so that the reload is over before the drain begins.
  await new Promise(resolve => setImmediate(resolve));
  await notifier.stopping();
  assert.match(
    told(),
    /^\/run\/x READY=1 STATUS=serving\n\/run\/x RELOADING=1 MONOTONIC_USEC=[0-9]+\n\/run\/x READY=1 STATUS=serving anew\n\/run\/x STOPPING=1 STATUS=draining\n$/,
  );
});

test('a drain that ends a reload is the last that is told', async t => {
  const { command, told } = recorder(t);
  const notifier = new SystemdNotifier({ onFailure, command, environment });
  await notifier.ready('serving');
  const reload = Promise.withResolvers<string>();
  const around = notifier.around(reload.promise);
  const stopping = notifier.stopping();
  reload.resolve('not reloaded');
  await Promise.all([around, stopping]);
  assert.deepEqual(told().match(/[A-Z]+=1/g), ['READY=1', 'RELOADING=1', 'STOPPING=1']);
});

test('nothing is run when no service manager waits', async t => {
  const { command, told } = recorder(t);
  await new SystemdNotifier({ onFailure, command, environment: {} }).ready('serving');
  assert.equal(told(), '');
});

test('a command that is not there is told once, and harms nothing', async () => {
  const reasons: string[] = [];
  const notifier = new SystemdNotifier({
    onFailure: reason => void reasons.push(reason),
    command: '/nowhere/systemd-notify',
    environment,
  });
  await notifier.ready('serving');
  await notifier.stopping();
  assert.equal(reasons.length, 1);
  assert.match(reasons[0]!, /ENOENT/);
});
