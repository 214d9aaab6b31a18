// The memory of an idle connection: growth with 8,000 open connections, after one request on each.

import { setTimeout as delay } from 'node:timers/promises';
import { openIdleConnections } from '../load/idle-connections.ts';
import { runWrk } from '../load/wrk.ts';
import { setupOf } from '../measure/contest.ts';
import { memoryBytes } from '../measure/process-tree.ts';
import type { Peer } from '../peer.ts';
import type { Context, Scenario } from '../scenario.ts';
import { type Figures, measureEachPeer } from './each-peer.ts';

const count = 8000;
/** Garbage collectors and allocators return unused memory only after some time. */
const settleMs = 1500;

export const idleConnections: Scenario = {
  name: 'idle-connections',
  title: `${count.toLocaleString('en-GB')} idle connections`,
  run: context =>
    measureEachPeer(context, {
      rounds: Math.min(context.options.rounds, 5),
      variants: [{ name: '', measure }],
      columns: [
        { figure: 'bytesEach', title: 'bytes a connection', decimals: 0 },
        { figure: 'beforeMb', title: 'MB before', decimals: 1 },
        { figure: 'afterMb', title: 'MB with all open', decimals: 1 },
      ],
      notes: [
        'Memory is the process tree’s own (PSS), warmed up with a load before; what the kernel holds for a socket is not in it.',
      ],
    }),
};

async function measure(context: Context, peer: Peer): Promise<Figures> {
  const proxy = await peer.start(setupOf(context));
  try {
    const { warmupSeconds, connections } = context.options;
    await runWrk({ port: proxy.port, request: ['get', '/small'], seconds: warmupSeconds, connections });
    await delay(settleMs);
    const before = memoryBytes(proxy.pid());
    const idle = await openIdleConnections(proxy.port, count);
    await delay(settleMs);
    const after = memoryBytes(proxy.pid());
    await idle.close();
    return { bytesEach: (after - before) / count, beforeMb: before / 1e6, afterMb: after / 1e6 };
  } finally {
    await proxy.stop();
  }
}
