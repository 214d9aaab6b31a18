// What a proxy adds to latency, open loop, at 50 % and 80 % of the rate at which the gateway is saturated. Every peer gets
// the same rate, and each round is compared with the same rate sent straight to the backend.

import { runOpenLoop } from '../load/open-loop.ts';
import { runWrk } from '../load/wrk.ts';
import { setupOf } from '../measure/contest.ts';
import { median, medianDeviation } from '../measure/statistics.ts';
import type { RunningPeer } from '../peer.ts';
import { direct } from '../peers/direct.ts';
import type { Context, Result, Row, Scenario } from '../scenario.ts';

const path = '/small';
const shares = [0.5, 0.8];
const percentiles = ['p50Ms', 'p99Ms', 'p999Ms'] as const;

export const latency: Scenario = {
  name: 'latency',
  title: 'Added latency, open loop',
  run,
};

interface Running {
  readonly name: string;
  readonly proxy: RunningPeer;
  saturated: number;
}

async function run(context: Context): Promise<Result> {
  const running: Running[] = [];
  const rows: Row[] = [];
  try {
    for (const peer of [direct, ...context.peers]) {
      running.push({ name: peer.name, proxy: await peer.start(setupOf(context)), saturated: 0 });
    }
    for (const each of running.slice(1)) each.saturated = await saturatedRate(context, each);
    const judge = running.find(({ name }) => name === 'cardea') ?? running[1];
    if (judge === undefined) throw new Error('there is no peer to measure');
    for (const share of shares) {
      const rate = Math.round(share * judge.saturated);
      // A peer that is saturated at this rate has no latency, only a queue.
      const able = running.filter(({ name, saturated }) => name === 'direct' || saturated * 0.95 >= rate);
      for (let round = 0; round < context.options.rounds; round++) {
        for (const each of able) rows.push(await measure(context, each, share, rate, round));
      }
    }
    return { ...table(rows, judge), rows, failures: [] };
  } finally {
    await Promise.all(running.map(({ proxy }) => proxy.stop()));
  }
}

async function saturatedRate(context: Context, { name, proxy }: Running): Promise<number> {
  const { warmupSeconds, seconds, connections } = context.options;
  const load = { port: proxy.port, request: ['get', path], connections } as const;
  await runWrk({ ...load, seconds: 2 * warmupSeconds });
  let best = 0; // others on the machine can only make it less
  for (let i = 0; i < 3; i++) {
    const { requests, durationUs } = await runWrk({ ...load, seconds: Math.min(seconds, 3) });
    best = Math.max(best, (requests * 1e6) / durationUs);
  }
  context.say(`${name}: saturated at ${Math.round(best)} a second`);
  return best;
}

async function measure(
  context: Context,
  { name, proxy }: Running,
  share: number,
  rate: number,
  round: number,
): Promise<Row> {
  const { seconds, connections } = context.options;
  const result = await runOpenLoop({
    port: proxy.port,
    path,
    requestsPerSecond: rate,
    seconds,
    connections,
    warmupSeconds: 1,
  });
  context.say(
    `${name}: ${rate} a second, round ${round + 1}: p50 ${result.p50Ms.toFixed(3)}, p99 ${result.p99Ms.toFixed(3)} ms`,
  );
  return { contestant: name, share, rate, round, ...result };
}

/** Added latency: the median of a percentile over rounds less the same of what was sent straight to the backend. */
function table(rows: readonly Row[], judge: Running): Pick<Result, 'table'> {
  const cells = shares.flatMap(share => {
    const ofShare = rows.filter(row => row['share'] === share);
    const values = (name: string, figure: string) =>
      ofShare.filter(row => row['contestant'] === name).map(row => Number(row[figure]));
    const added = (name: string, figure: string) =>
      median(values(name, figure)) - (name === 'direct' ? 0 : median(values('direct', figure)));
    return [...new Set(ofShare.map(row => String(row['contestant'])))].map(name => {
      const ratio = added(name, 'p99Ms') / added('nginx', 'p99Ms');
      return [
        name === 'direct' ? 'direct (not added)' : name,
        `${Math.round(share * 100)} % = ${Number(ofShare[0]?.['rate'] ?? 0).toLocaleString('en-GB')}/s`,
        ...percentiles.map(
          figure => `${added(name, figure).toFixed(3)} ± ${medianDeviation(values(name, figure)).toFixed(3)}`,
        ),
        name === 'direct' || name === 'nginx' || Number.isNaN(ratio) ? '' : ratio.toFixed(2),
        String(values(name, 'failed').reduce((sum, each) => sum + each, 0)),
      ];
    });
  });
  const columns = ['proxy', 'rate', 'added p50 ms', 'added p99 ms', 'added p99.9 ms', 'added p99 to nginx’s', 'failed'];
  const notes = [`Rates are shares of what saturates ${judge.name}. Left out is who cannot keep up with the rate.`];
  return { table: { columns, rows: cells, notes } };
}
