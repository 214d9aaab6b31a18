// What a proxy adds to latency, in an open loop: each peer at 20, 50 and 80 % of the rate that saturates it, and all peers at the same
// rates, 50 and 80 % of the rate that saturates the gateway. Each round is compared with the same rate sent directly to the backend.

import { type OpenLoopResult, runOpenLoop } from '../load/open-loop.ts';
import { runWrk } from '../load/wrk.ts';
import { foreignShareMax, setupOf } from '../measure/contest.ts';
import { watchCore } from '../measure/foreign-load.ts';
import { type Latencies, latencyTable } from '../measure/latency-table.ts';
import { proxyCore } from '../measure/pinning.ts';
import { shortMessage } from '../measure/short-message.ts';
import type { RunningPeer } from '../peer.ts';
import { direct } from '../peers/direct.ts';
import type { Context, Result, Scenario } from '../scenario.ts';

const path = '/small';
const sharesOfOwn = [0.2, 0.5, 0.8];
const sharesOfCommon = [0.5, 0.8];
/** There are many runs: this number of rounds and of seconds is enough for medians. */
const roundsMax = 5;
const secondsMax = 3;

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

/** A rate, and the entrants that are measured at this rate one after the other. The first entrant is the backend itself. */
interface Heat {
  readonly load: string;
  readonly rate: number;
  readonly entrants: readonly Running[];
}

async function run(context: Context): Promise<Result> {
  let running: Running[] = [];
  const started: RunningPeer[] = [];
  const measured: Latencies[] = [];
  const failures: string[] = [];
  const drop = (name: string, error: unknown) => {
    failures.push(`${name}: ${shortMessage(error)}`);
    context.say(failures.at(-1)!);
    running = running.filter(each => each.name !== name);
  };
  try {
    for (const peer of [direct, ...context.peers]) {
      try {
        const proxy = await peer.start(setupOf(context));
        started.push(proxy);
        const entrant: Running = { name: peer.name, proxy, saturated: 0 };
        running.push(entrant);
        if (peer !== direct) entrant.saturated = await saturatedRate(context, entrant);
      } catch (error) {
        drop(peer.name, error);
      }
    }
    const rounds = Math.min(context.options.rounds, roundsMax);
    for (const { load, rate, entrants } of heats(running, rounds)) {
      for (let round = 0; round < rounds; round++) {
        for (const each of entrants) {
          if (!running.includes(each)) continue;
          try {
            const result = await undisturbed(context, each, rate);
            measured.push({ contestant: each.name, load, judged: entrants[1]!.name, rate, round, ...result });
          } catch (error) {
            drop(each.name, error);
          }
        }
      }
    }
  } finally {
    await Promise.all(started.map(proxy => proxy.stop()));
  }
  const names = new Set(running.map(({ name }) => name));
  const whole = measured.filter(({ contestant }) => names.has(contestant));
  return { table: latencyTable(whole), rows: whole.map(row => ({ ...row })), failures };
}

/** A run with few rounds is meant to be short: it has one share of each kind. */
function heats([backend, ...proxies]: readonly Running[], rounds: number): Heat[] {
  if (backend === undefined || proxies.length === 0) throw new Error('there is no peer to measure');
  const short = rounds < roundsMax;
  const judge = proxies.find(({ name }) => name === 'cardea') ?? proxies[0]!;
  const common = (short ? [0.5] : sharesOfCommon).map((share): Heat => {
    const rate = Math.round(share * judge.saturated);
    // A peer that is saturated at this rate would show a queue and not its latency.
    const able = proxies.filter(each => each.saturated * 0.95 >= rate);
    return { load: `same for all (${percent(share)} of ${judge.name}’s)`, rate, entrants: [backend, ...able] };
  });
  const own = (short ? [0.5] : sharesOfOwn).flatMap(share =>
    proxies.map((each): Heat => {
      const rate = Math.round(share * each.saturated);
      return { load: `${percent(share)} of own`, rate, entrants: [backend, each] };
    }),
  );
  return [...common, ...own];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

async function saturatedRate(context: Context, { name, proxy }: Running): Promise<number> {
  const { warmupSeconds, seconds, connections } = context.options;
  const load = { port: proxy.port, request: ['get', path], connections } as const;
  await runWrk({ ...load, seconds: 2 * warmupSeconds });
  let best = 0; // other work on the machine can only lower it
  for (let i = 0; i < 3; i++) {
    const { requests, durationUs } = await runWrk({ ...load, seconds: Math.min(seconds, secondsMax) });
    best = Math.max(best, (requests * 1e6) / durationUs);
  }
  if (best === 0) throw new Error('it answered nothing');
  context.say(`${name}: saturated at ${Math.round(best)} a second`);
  return best;
}

async function undisturbed(
  context: Context,
  { name, proxy }: Running,
  rate: number,
): Promise<OpenLoopResult & { readonly foreignShare: number }> {
  const { seconds, connections } = context.options;
  for (let attempt = 0; ; attempt++) {
    const watch = watchCore(proxyCore, proxy.pid() === 0 ? [] : [proxy.pid()]);
    const result = await runOpenLoop({
      port: proxy.port,
      path,
      requestsPerSecond: rate,
      seconds: Math.min(seconds, secondsMax),
      connections,
      warmupSeconds: 1,
    });
    const foreignShare = watch.foreignShare();
    const disturbed = foreignShare > foreignShareMax;
    const remark = disturbed ? `  (others used ${percent(foreignShare)} of the core)` : '';
    context.say(
      `${name}: ${rate} a second: p50 ${result.p50Ms.toFixed(3)}, p99 ${result.p99Ms.toFixed(3)} ms${remark}`,
    );
    if (!disturbed || attempt >= context.options.repeats) return { ...result, foreignShare };
  }
}
