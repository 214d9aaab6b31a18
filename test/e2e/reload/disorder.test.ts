// Reloads in disorder, of the real command: files that come and go, ports that other processes hold, storms of signals, a stop in
// the middle. What cannot be used is reported, the serving configuration stays in use, and the next good one is used.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../support/eventually.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const document = (body: string) =>
  `accessLog: { path: "off" }\nroutes: [{ name: all, match: { path: /* }, to: { reply: { status: 200, body: ${body} } } }]\n`;

/** The lines that `startGateway` wrote before the document. */
function opening({ configPath }: RunningGateway): string {
  return readFileSync(configPath, 'utf8').split('accessLog:')[0]!;
}

async function reply({ port }: { readonly port: number }): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } });
  return await answer.text();
}

async function lastReason({ adminPort }: RunningGateway): Promise<string> {
  const page = await fetch(`http://127.0.0.1:${adminPort}/config`);
  // Because: admin.test.ts checks the shape of this page.
  const { lastError } = (await page.json()) as { readonly lastError: { readonly reason: string } | null };
  return lastError?.reason ?? '';
}

async function withGateway(work: (gateway: RunningGateway, first: string) => Promise<void>): Promise<void> {
  const gateway = await startGateway(document('first'), { workers: 2 });
  try {
    await work(gateway, opening(gateway));
  } finally {
    await gateway.stop();
  }
}

test('a file that goes, is a folder for a while or may not be read, and comes back', () =>
  withGateway(async (gateway, first) => {
    const { configPath } = gateway;
    rmSync(configPath);
    await eventually(async () => (await lastReason(gateway)).includes('there is no file'), 'the reason');
    mkdirSync(configPath);
    await eventually(async () => (await lastReason(gateway)).includes('is a folder'), 'the reason');
    assert.equal(await reply(gateway), 'first');
    rmdirSync(configPath);
    writeFileSync(configPath, first + document('back'));
    await eventually(async () => (await reply(gateway)) === 'back', 'the new one');
    assert.equal(await lastReason(gateway), '');
    // The superuser may read everything.
    if (process.getuid?.() === 0) return;
    chmodSync(configPath, 0);
    await eventually(async () => (await lastReason(gateway)).includes('may not be read'), 'the reason');
    assert.equal(await reply(gateway), 'back');
  }));

test('a port that somebody else holds: the old configuration serves on, and the same file is used once the port is free', () =>
  withGateway(async (gateway, first) => {
    const other = createServer();
    const port = await listeningPort(other);
    const text = `${first.replace('listeners:', `listeners:\n  - address: 127.0.0.1:${port}`)}${document('both')}`;
    writeFileSync(gateway.configPath, text);
    process.kill(gateway.pid, 'SIGHUP');
    await eventually(
      async () => (await lastReason(gateway)).includes(`127.0.0.1:${port}: the port is in use`),
      'the reason',
    );
    assert.equal(await reply(gateway), 'first');
    await new Promise(resolve => other.close(resolve));
    process.kill(gateway.pid, 'SIGHUP');
    await eventually(async () => (await reply(gateway)) === 'both', 'the new one');
    assert.equal(await reply({ port }), 'both');
    writeFileSync(gateway.configPath, first + document('one'));
    process.kill(gateway.pid, 'SIGHUP');
    await eventually(async () => (await reply({ port }).catch(() => 'gone')) === 'gone', 'the end of the listener');
    assert.equal(await reply(gateway), 'one');
  }));

test('a storm of writes and signals ends with what was written last', () =>
  withGateway(async (gateway, first) => {
    for (let i = 0; i < 100; i++) {
      writeFileSync(gateway.configPath, first + document(`storm-${i}`));
      process.kill(gateway.pid, 'SIGHUP');
      if (i % 10 === 0) assert.match(await reply(gateway), /^(?:first|storm-\d+)$/);
    }
    await eventually(async () => (await reply(gateway)) === 'storm-99', 'the last one');
    // No reload that was in progress takes effect later.
    await eventually(async () => (await lastReason(gateway)) === '', 'the page');
    assert.equal(await reply(gateway), 'storm-99');
  }));

test('told to leave in the middle of a large reload, it leaves with 0', () =>
  withGateway(async (gateway, first) => {
    const others = Array.from(
      { length: 3_000 },
      (_, i) => `  - { name: r${i}, match: { path: "/r${i}/*" }, to: { reply: { status: 204 } } }\n`,
    );
    writeFileSync(gateway.configPath, `${first}accessLog: { path: "off" }\nroutes:\n${others.join('')}`);
    process.kill(gateway.pid, 'SIGHUP');
    process.kill(gateway.pid, 'SIGTERM');
    assert.equal(await gateway.exited, 0, gateway.stderr());
    assert.ok(!gateway.stderr().includes('"error"'), gateway.stderr());
  }));
