// Three times the requests that an upstream can handle: with `concurrency` it keeps doing nearly all that it can, and admitted requests
// hardly notice. Without it, no request is served in time.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { startLimitedStandIn } from '../../../src/cli/drill/limited-stand-in.ts';
import { type OpenLoadResult, openLoad } from '../../../src/cli/drill/open-load.ts';
import { startChild } from '../../support/child.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const AT_ONCE = 16;
const SERVICE_MS = 100;

interface Report {
  readonly goodPerSecond: number;
  readonly capacity: number;
  readonly p99Ms: number;
  readonly calmP99Ms: number;
  readonly longestQueue: number;
  readonly advice: readonly string[];
}

interface Figures {
  readonly capacity: number;
  readonly calm: OpenLoadResult;
  readonly crowd: OpenLoadResult;
  readonly grownMiB: number;
  readonly longestQueue: number;
}

async function residentMiB(gateway: RunningGateway): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]) / 1024 / 1024;
}

async function saturate(t: TestContext, settings: string, seconds = 2.5, warmUpSeconds = 1): Promise<Figures> {
  const backend = await startLimitedStandIn(AT_ONCE, SERVICE_MS);
  t.after(() => backend.stop());
  const gateway = await startGateway(
    `upstreams:\n  a: { endpoints: [http://127.0.0.1:${backend.port}], responseTimeout: 20s${settings} }\n` +
      'routes: [{ name: all, match: { path: /* }, to: a }]\n',
    { workers: 2 },
  );
  t.after(() => gateway.stop());
  const { port } = gateway;
  const { capacity } = backend;
  const calm = await openLoad({ port, path: '/', perSecond: 0.3 * capacity, seconds: 1.5, warmUpSeconds: 0.5 });
  const before = await residentMiB(gateway);
  const crowd = await openLoad({ port, path: '/', perSecond: 3 * capacity, seconds, warmUpSeconds });
  const grownMiB = (await residentMiB(gateway)) - before;
  t.diagnostic(
    `capacity ${capacity}/s; calm p99 ${calm.p99Ms.toFixed(0)} ms; at three times: ${crowd.goodPerSecond.toFixed(0)}/s good ` +
      `(${((100 * crowd.goodPerSecond) / capacity).toFixed(0)} %), p50 ${crowd.p50Ms.toFixed(0)} ms, p99 ${crowd.p99Ms.toFixed(0)} ms, ` +
      `refused ${crowd.statuses.get(503) ?? 0}, memory +${grownMiB.toFixed(0)} MiB, at most ${backend.longestQueue} waited at the backend`,
  );
  return { capacity, calm, crowd, grownMiB, longestQueue: backend.longestQueue };
}

function isServedWell({ capacity, calm, crowd, grownMiB }: Figures): void {
  assert.deepEqual(crowd.failures, []);
  assert.deepEqual([...crowd.statuses.keys()].toSorted(), [200, 503]);
  assert.ok(crowd.goodPerSecond > 0.9 * capacity, `${crowd.goodPerSecond} of ${capacity}`);
  // On a busy machine the calm figures look worse than they are, which must not loosen the bound.
  const alone = Math.min(calm.p99Ms, 1.6 * SERVICE_MS);
  assert.ok(crowd.p99Ms < 3 * alone, `${crowd.p99Ms} against ${calm.p99Ms}`);
  assert.ok(grownMiB < 150, `${grownMiB} MiB`);
}

const RUNS_MAX = 3;

/** Other work of the machine makes figures worse and never better: one good run shows what the gateway can do. */
async function runsWell(t: TestContext, settings: string, warmUpSeconds?: number): Promise<Figures> {
  for (let run = 1; ; run++) {
    const figures = await saturate(t, settings, 2.5, warmUpSeconds);
    try {
      isServedWell(figures);
      return figures;
    } catch (error) {
      if (run === RUNS_MAX) throw error;
    }
  }
}

describe('three times what an upstream can do', () => {
  // A little more than the upstream works on at once, so that the next request is there when one is done.
  test('a limit with a short queue', async t => {
    const figures = await runsWell(t, `, concurrency: { limit: ${AT_ONCE + 6}, queue: 8, queueTimeout: 200ms }`);
    assert.ok(figures.longestQueue <= 6, String(figures.longestQueue));
  });

  test('a limit that adapts, told nothing of the capacity', async t => {
    await runsWell(t, ', concurrency: adaptive', 3.5);
  });

  // Also the self-check of this file: without a limit no request is served in time.
  test('cardea drill overload tells which upstream is safe, and what to change at the other', async t => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cardea-drill-'));
    const file = path.join(folder, 'cardea.yaml');
    writeFileSync(
      file,
      'listeners: [{ address: 127.0.0.1:8080 }]\nupstreams:\n' +
        '  safe: { endpoints: [http://10.0.0.1], concurrency: { limit: 16, queue: 16, queueTimeout: 300ms } }\n' +
        '  open: { endpoints: [http://10.0.0.1] }\n' +
        'routes: [{ name: a, match: { path: /a }, to: safe }, { name: b, match: { path: /b }, to: open }]\n',
    );
    const drill = async (...args: string[]) => {
      const child = await startChild(path.join(root, 'bin/cardea'), ['drill', 'overload', '-c', file, ...args]);
      return { code: await child.exited, said: child.stdout() };
    };
    const [safe, open] = await Promise.all([
      drill('--upstream', 'safe', '--seconds', '2', '--json'),
      drill('--upstream', 'open', '--seconds', '1', '--json'),
    ]);
    rmSync(folder, { recursive: true });
    // Because: the command prints its report in its own types.
    const [ofSafe, ofOpen] = [safe, open].map(({ said }) => (JSON.parse(said) as { report: [Report] }).report[0]);
    for (const { said } of [safe, open]) t.diagnostic(said.replace(/\s+/g, ' '));
    assert.ok(ofSafe!.goodPerSecond > 0.8 * ofSafe!.capacity, safe.said);
    assert.ok(ofSafe!.p99Ms < 5 * ofSafe!.calmP99Ms, safe.said);
    assert.equal(open.code, 1);
    assert.ok(ofOpen!.p99Ms > 8 * ofOpen!.calmP99Ms && ofOpen!.longestQueue > 100, open.said);
    assert.match(ofOpen!.advice.join(), /^nothing limits what is sent to it: .*add `concurrency: adaptive`/);
  });
});
