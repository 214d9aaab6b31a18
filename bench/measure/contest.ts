// Runs contestants in turn, A B C A B C, under the same load, and records what each round costs. Neither judges nor prints.

import { askGrpc } from '../backend/grpc-message.ts';
import type { LoadRequest } from '../load/load.ts';
import { runLoad } from '../load/run-load.ts';
import type { Peer, RunningPeer, Setup } from '../peer.ts';
import type { Context, Row } from '../scenario.ts';
import { ask } from './ask.ts';
import { emptyLog } from './empty-log.ts';
import { watchCore } from './foreign-load.ts';
import { proxyCore } from './pinning.ts';
import { cpuTime, memoryBytes } from './process-tree.ts';
import type { Sample } from './sample.ts';
import { shortMessage } from './short-message.ts';

/** One proxy in one setup under one load. */
export interface Contestant {
  /** Such as `nginx` or `nginx 10000 routes`. */
  readonly label: string;
  readonly peer: Peer;
  readonly setup?: Partial<Setup>;
  /** Label of a contestant before this one whose process it shares; `setup` is then that one's. */
  readonly shares?: string;
  /** Asks at the process's `barePort`. */
  readonly bare?: boolean;
  readonly request: LoadRequest;
  /** Seconds of warm-up, where `--warmup` is not enough. */
  readonly warmupSeconds?: number;
  /** What a correct response is: the SHA-256 of its body, and the least number of bytes on the wire. */
  readonly answer: {
    readonly path: string;
    readonly hash: string;
    readonly bytes: number;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

/** Share of the proxy's core that foreign processes may use; above it a round is repeated or reported. */
export const foreignShareMax = 0.1;

interface Running {
  readonly contestant: Contestant;
  readonly setup: Setup;
  readonly proxy: RunningPeer;
  readonly samples: Sample[];
}

export interface ContestResult {
  /** By label, the samples in the order of the rounds. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** The same samples as a flat list. */
  readonly rows: readonly Row[];
  /** Contestants that failed, each with the reason. None of their samples count. */
  readonly failures: readonly string[];
}

/** Starts all contestants and keeps them running for all rounds; each is put under load in its turn. */
export async function runContest(context: Context, contestants: readonly Contestant[]): Promise<ContestResult> {
  let running: Running[] = [];
  const started: RunningPeer[] = [];
  const failures: string[] = [];
  /** Does a step for each contestant that still runs, in turn. One that fails is dropped. */
  const inTurn = async (step: (each: Running) => Promise<void>) => {
    for (const each of running) await step(each).catch(error => drop(each.contestant, error));
  };
  const drop = ({ label }: Contestant, error: unknown) => {
    failures.push(`${label}: ${shortMessage(error)}`);
    context.say(failures.at(-1)!);
    running = running.filter(each => each.contestant.label !== label);
  };
  const enter = async (contestant: Contestant): Promise<Running> => {
    const { shares } = contestant;
    if (shares !== undefined) {
      const other = running.find(({ contestant: { label } }) => label === shares);
      if (other === undefined) throw new Error(`${shares} does not run`);
      return { ...other, contestant, samples: [] };
    }
    const setup = setupOf(context, contestant.setup);
    const proxy = await contestant.peer.start(setup);
    started.push(proxy);
    return { contestant, setup, proxy, samples: [] };
  };
  try {
    for (const contestant of contestants) {
      try {
        running.push(await enter(contestant));
      } catch (error) {
        drop(contestant, error);
      }
    }
    await inTurn(each => warmUp(context, each));
    for (let round = 0; round < context.options.rounds; round++) {
      await inTurn(async each => {
        each.samples.push(await undisturbedRound(context, each, round));
      });
    }
    await inTurn(checkAnswer);
  } finally {
    await Promise.all(started.map(proxy => proxy.stop()));
  }
  return {
    samples: new Map(running.map(({ contestant, samples }) => [contestant.label, samples])),
    rows: running.flatMap(({ contestant, samples }) =>
      samples.map((sample, round) => ({ contestant: contestant.label, round, ...sample })),
    ),
    failures,
  };
}

async function warmUp(context: Context, each: Running): Promise<void> {
  const { contestant } = each;
  const { warmupSeconds, connections } = context.options;
  const seconds = Math.max(contestant.warmupSeconds ?? 0, contestant.peer.jit ? 2 * warmupSeconds : warmupSeconds);
  await checkAnswer(each);
  context.say(`${contestant.label}: warming up`);
  const tls = contestant.setup?.tls === true;
  await runLoad({ port: portFor(each), tls, request: contestant.request, seconds, connections });
}

/** The setup of a plain proxy, with the changes that a contestant needs. */
export function setupOf(context: Context, wanted: Partial<Setup> = {}): Setup {
  return {
    backendPort: context.backendPort,
    uploadPort: context.uploadPort,
    routes: 0,
    filters: false,
    resilience: false,
    policy: null,
    bareBeside: false,
    tls: false,
    http2: false,
    grpcPort: null,
    version: 'v1',
    routesVersion: 'a',
    folder: context.folder(),
    ...wanted,
  };
}

async function undisturbedRound(context: Context, running: Running, round: number): Promise<Sample> {
  const { label } = running.contestant;
  for (let attempt = 0; ; attempt++) {
    const sample = await runRound(context, running);
    const cost = sample.userUs + sample.systemUs;
    const disturbed = sample.foreignShare > foreignShareMax;
    const remark = disturbed ? `  (others used ${Math.round(sample.foreignShare * 100)} % of the core)` : '';
    context.say(
      `${label}: round ${round + 1}: ${cost.toFixed(2)} µs a request, ${Math.round(sample.requestsPerSecond)} a second${remark}`,
    );
    if (!disturbed || attempt >= context.options.repeats) return sample;
  }
}

/** Some proxies accept HTTP/2 in plain text on a separate port; the bare route beside a policy has its own. */
function portFor({ contestant, proxy }: Running): number {
  const [mode] = contestant.request;
  if (contestant.bare === true) return proxy.barePort ?? proxy.port;
  return mode === 'h2' || mode === 'grpc' ? (proxy.h2Port ?? proxy.port) : proxy.port;
}

async function runRound(context: Context, running: Running): Promise<Sample> {
  const { contestant, proxy } = running;
  const { seconds, connections } = context.options;
  const pid = proxy.pid();
  emptyLog(running.setup.folder);
  const watch = watchCore(proxyCore, [pid]);
  const before = cpuTime(pid);
  const tls = contestant.setup?.tls === true;
  const result = await runLoad({ port: portFor(running), tls, request: contestant.request, seconds, connections });
  const after = cpuTime(pid);
  const foreignShare = watch.foreignShare();
  const succeeded = result.requests - result.failed;
  if (succeeded <= 0) throw new Error(`no request succeeded: ${result.errors}`);
  // Failed requests may have returned nothing: only the successful ones can be expected to be complete.
  if (result.bytes / succeeded < contestant.answer.bytes) {
    throw new Error(`answers of ${Math.round(result.bytes / succeeded)} bytes are too short: ${result.errors}`);
  }
  return {
    requests: succeeded,
    failed: result.failed,
    requestsPerSecond: (succeeded * 1e6) / result.durationUs,
    userUs: (after.userUs - before.userUs) / succeeded,
    systemUs: (after.systemUs - before.systemUs) / succeeded,
    p50Ms: result.p50Us / 1000,
    p99Ms: result.p99Us / 1000,
    memoryBytes: memoryBytes(pid),
    foreignShare,
  };
}

async function checkAnswer(running: Running): Promise<void> {
  const {
    contestant: { request, answer, setup, bare },
    proxy,
  } = running;
  const body = request[0] === 'upload' ? { method: 'POST', body: Buffer.alloc(request[2], 'x') } : {};
  const tls = setup?.tls === true;
  const got = await (request[0] === 'grpc'
    ? askGrpc(portFor(running), request[2])
    : ask({
        port: bare === true ? portFor(running) : proxy.port,
        path: answer.path,
        tls,
        headers: answer.headers,
        ...body,
      }));
  if (got.status !== 200 || got.hash !== answer.hash) {
    throw new Error(`${answer.path} gave ${got.status} with ${got.bytes} bytes, not the backend's body`);
  }
}
