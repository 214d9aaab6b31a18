// The time of a proxy with 10 and with 10,000 routes from the start of its process to the first response through it.

import { setupOf } from '../measure/contest.ts';
import { cpuTime, memoryBytes } from '../measure/process-tree.ts';
import type { Peer } from '../peer.ts';
import type { Context, Scenario } from '../scenario.ts';
import { type Figures, measureEachPeer } from './each-peer.ts';

export const start: Scenario = {
  name: 'start',
  title: 'Start to first proxied request',
  needs: 'routes',
  run: context =>
    measureEachPeer(context, {
      rounds: Math.min(context.options.rounds, 5),
      variants: [10, 10_000].map(routes => ({
        name: `${routes.toLocaleString('en-GB')} routes`,
        measure: (each, peer) => measure(each, peer, routes),
      })),
      columns: [
        { figure: 'startMs', title: 'ms to first answer', decimals: 0 },
        { figure: 'cpuMs', title: 'CPU ms', decimals: 0 },
        { figure: 'memoryMb', title: 'memory MB', decimals: 1 },
      ],
      notes: [],
    }),
};

async function measure(context: Context, peer: Peer, routes: number): Promise<Figures> {
  const proxy = await peer.start(setupOf(context, { routes }));
  const { userUs, systemUs } = cpuTime(proxy.pid(), { reaped: true });
  const memoryMb = memoryBytes(proxy.pid()) / 1e6;
  await proxy.stop();
  return { startMs: proxy.startMs, cpuMs: (userUs + systemUs) / 1000, memoryMb };
}
