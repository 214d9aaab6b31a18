// A reload with 10,000 routes: the time from the signal to the first response of the new configuration, the longest time without a
// response meanwhile, and the CPU cost. Once with every route changed, once with a single change; both are the first reload of a process,
// whose code is not compiled yet. A third variant measures a single change after some reloads.

import { setTimeout as delay } from 'node:timers/promises';
import { setupOf } from '../measure/contest.ts';
import { startProbe } from '../measure/probe.ts';
import { cpuTime } from '../measure/process-tree.ts';
import type { Peer } from '../peer.ts';
import type { Context, Scenario } from '../scenario.ts';
import { type Figures, measureEachPeer } from './each-peer.ts';

const routes = 10_000;
const timeoutMs = 20_000;
/** Also counts what a proxy does after its first response with the new configuration, such as ending old workers. */
const afterMs = 1000;
/** Enough for what a reload runs to be compiled. */
const EARLIER_RELOADS = 5;

export const reload: Scenario = {
  name: 'reload',
  title: `Reload of ${routes.toLocaleString('en-GB')} routes`,
  needs: 'reload',
  run: context =>
    measureEachPeer(context, {
      rounds: Math.min(context.options.rounds, 5),
      variants: [
        { name: 'all changed', measure: (each, peer) => measure(each, peer, 'b', 0) },
        { name: 'one changed', measure: (each, peer) => measure(each, peer, 'a', 0) },
        {
          name: `one changed, after ${EARLIER_RELOADS} reloads`,
          measure: (each, peer) => measure(each, peer, 'a', EARLIER_RELOADS),
        },
      ],
      columns: [
        { figure: 'effectiveMs', title: 'ms to effect', decimals: 0 },
        { figure: 'longestMs', title: 'longest answer ms', decimals: 1 },
        { figure: 'cpuMs', title: 'CPU ms', decimals: 0 },
        { figure: 'failed', title: 'failed', decimals: 0 },
      ],
      notes: [
        'Asked once a millisecond over one connection; an ordinary answer takes 0.2 to 1 ms here. nginx and HAProxy start a new process, so their pools are lost.',
      ],
    }),
};

/** `routesVersion` is `a` when the routes stay as they are, and only the route that tells the version changes. */
async function measure(context: Context, peer: Peer, routesVersion: string, earlierReloads: number): Promise<Figures> {
  const setup = setupOf(context, { routes });
  const proxy = await peer.start(setup);
  try {
    if (proxy.prepareReload === undefined) throw new Error('it cannot reload');
    await warmUp(context, proxy.port);
    for (let n = 1; n <= earlierReloads; n++) {
      const version = `earlier-${n}`;
      proxy.prepareReload({ ...setup, version })();
      await untilVersion(proxy.port, version);
    }
    const version = 'v2';
    // Before the probe starts: writing so much would delay the probe, and this would seem to be a delay of the proxy.
    const tell = proxy.prepareReload({ ...setup, version, routesVersion });
    const probe = startProbe(proxy.port, '/version');
    await probe.firstAskedMs(earlierReloads === 0 ? setup.version : `earlier-${earlierReloads}`, timeoutMs);
    const before = cpuTime(proxy.pid(), { reaped: true });
    const toldMs = performance.now();
    tell();
    const effectiveMs = (await probe.firstAskedMs(version, timeoutMs)) - toldMs;
    await delay(afterMs);
    const after = cpuTime(proxy.pid(), { reaped: true });
    const { longestMs, failed } = await probe.stop();
    const cpuMs = (after.userUs + after.systemUs - before.userUs - before.systemUs) / 1000;
    return { effectiveMs: Math.max(0, effectiveMs), longestMs, cpuMs, failed };
  } finally {
    await proxy.stop();
  }
}

/** Resolves when a reload has taken effect, and what it left to do is done. */
async function untilVersion(port: number, version: string): Promise<void> {
  const probe = startProbe(port, '/version');
  await probe.firstAskedMs(version, timeoutMs);
  await probe.stop();
  await delay(afterMs);
}

/** A gateway that is reloaded has served requests before. */
async function warmUp(context: Context, port: number): Promise<void> {
  const probe = startProbe(port, '/version');
  await delay(context.options.warmupSeconds * 500);
  await probe.stop();
}
