// CPU nanoseconds of a decision in shared memory, by number of keys, algorithm and threads: `node bench/micro/limiter.ts [quick]`. When
// all requests are admitted, each decision does the same work for any number of keys. With a limit that one key exceeds and a million keys
// do not, refusals, which write nothing, would be compared with admissions.

import { fileURLToPath } from 'node:url';
import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { KeyedHash } from '../../src/base/keyed-hash.ts';
import { Random } from '../../src/base/random.ts';
import { type AlgorithmName, algorithms, type LimitRule } from '../../src/store/limiter/limit-rule.ts';
import { LimitCall, type Limiter } from '../../src/store/limiter/limiter-store.ts';
import { testStore } from '../../src/store/shared-memory/test-memory.fixture.ts';

const CALLS = 1_000_000;
const ROUNDS = 7;
/** Bytes of the table for a million keys. Smaller numbers use the default, which has room for 100,000 keys many times over. */
const LARGE_BYTES = 60 * 1024 * 1024;
const BYTES = 16 * 1024 * 1024;

const hash = new KeyedHash();
const names = Array.from({ length: 64 }, (_, n) => `198.51.100.${n + 100}`);

function rule(algorithm: AlgorithmName, identity: string): LimitRule {
  return { identity, algorithm, count: 100, perMs: 1_000, burst: 200 };
}

/** A limit that is never reached here. */
const roomy: LimitRule = { identity: 'bench', algorithm: 'gcra', count: 1_000_000, perMs: 1_000, burst: 1_000_000 };
const narrow: LimitRule = { identity: 'bench', algorithm: 'gcra', count: 1, perMs: 86_400_000, burst: 1 };

/**
 * Makes one decision about one caller, including the hash. In a request, the caller's name is in memory that was just read. So the names
 * are taken from a small list here, and the number of the caller becomes part of the key of the hash.
 */
function decider(limiter: Limiter, order: Uint32Array, clock: { now: number }) {
  const call = new LimitCall(limiter.rules.length);
  const { hashKeys } = limiter;
  return (n: number): boolean => {
    // A hundred decisions for each millisecond of the clock, whatever they take, so that callers return equally often in each run.
    if (n % 100 === 0) clock.now++;
    const caller = order[n & 0xfffff]!;
    for (let i = 0; i < hashKeys.length; i += 2) {
      hash.text(hashKeys[i]! ^ caller, hashKeys[i + 1]!, names[caller & 63]!);
      call.keys[i] = hash.low;
      call.keys[i + 1] = hash.high;
    }
    // Because: this store always decides at once.
    return limiter.decide(call) as boolean;
  };
}

function nanosecondsOf(decide: (n: number) => boolean): number {
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const before = process.threadCpuUsage();
    for (let n = 0; n < CALLS; n++) decide(n);
    const { user, system } = process.threadCpuUsage(before);
    if (round > 0) rounds.push(((user + system) * 1e3) / CALLS);
  }
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1]!;
}

/** Which caller sends the next request: chosen evenly. */
function load(keys: number): Uint32Array {
  const random = new Random(7);
  return Uint32Array.from({ length: 0x100000 }, () => random.below(keys));
}

/** What a cache miss costs here, which no table of this size avoids: reads that each depend on the one before. */
function readOf(bytes: number): number {
  const words = new Int32Array(new SharedArrayBuffer(bytes));
  const random = new Random(7);
  // A ring through all cache lines, in an order that no prefetcher can guess.
  const lines = Uint32Array.from({ length: bytes / 64 }, (_, n) => n);
  for (let n = lines.length - 1; n > 0; n--) {
    const other = random.below(n);
    const line = lines[n]!;
    lines[n] = lines[other]!;
    lines[other] = line;
  }
  for (let n = 0; n < lines.length; n++) words[lines[n]! * 16] = lines[(n + 1) % lines.length]! * 16;
  let at = 0;
  const nanoseconds = nanosecondsOf(() => {
    at = words[at]!;
    return true;
  });
  return at === -1 ? 0 : nanoseconds;
}

function report(name: string, nanoseconds: number, note = ''): void {
  console.log(`${name.padEnd(46)}${nanoseconds.toFixed(0).padStart(6)} ns${note}`);
}

function alone(): void {
  let first = 0;
  for (const keys of [1, 100, 10_000, 100_000, 1_000_000]) {
    const { store, clock } = testStore(keys > 100_000 ? LARGE_BYTES : BYTES);
    const nanoseconds = nanosecondsOf(decider(store.open([roomy]), load(keys), clock));
    if (keys === 1) first = nanoseconds;
    report(`gcra, ${keys} keys`, nanoseconds, `   ${(nanoseconds / first).toFixed(2)} times one key`);
  }
  for (const mebibytes of [1, 16, 60]) report(`a read in ${mebibytes} MiB`, readOf(mebibytes << 20));
  const order = load(100_000);
  const { store: refusing, clock: still } = testStore(BYTES);
  report('gcra, 100000 keys, all refused', nanosecondsOf(decider(refusing.open([narrow]), order, still)));
  let sink = 0;
  report(
    '  of that the choice of the caller',
    nanosecondsOf(n => {
      sink += order[n & 0xfffff]!;
      return true;
    }),
  );
  report(
    '  of that the hash',
    nanosecondsOf(n => {
      hash.text(n, 2, names[n & 63]!);
      sink += hash.low;
      return true;
    }),
  );
  if (process.argv[2] === 'quick') return;
  for (const algorithm of algorithms) {
    const { store, clock } = testStore(BYTES);
    const keys = algorithm === 'slidingLog' ? 10_000 : 100_000;
    report(
      `${algorithm}, ${keys} keys`,
      nanosecondsOf(decider(store.open([rule(algorithm, 'bench')]), load(keys), clock)),
    );
  }
  const { store, clock } = testStore(BYTES);
  const stack = store.open([rule('gcra', 'a'), rule('gcra', 'b'), rule('fixedWindow', 'c')]);
  report('three limits together, 100000 keys', nanosecondsOf(decider(stack, order, clock)));
  if (sink === 0) throw new Error('unreachable');
}

/** What a decision costs each of several threads that decide about the same keys at once. */
async function together(threads: number, keys: number): Promise<void> {
  const tables = new Map<string, SharedArrayBuffer>();
  testStore(BYTES, tables).store.open([roomy]);
  const workers = Array.from(
    { length: threads },
    () => new Worker(fileURLToPath(import.meta.url), { workerData: { tables, keys } }),
  );
  const results = await Promise.all(
    workers.map(
      worker => new Promise<number>((resolve, reject) => worker.once('message', resolve).once('error', reject)),
    ),
  );
  report(`gcra, ${keys} keys, ${threads} threads`, results.reduce((sum, each) => sum + each, 0) / threads);
}

if (isMainThread) {
  alone();
  for (const threads of [1, 2]) for (const keys of [1, 100_000]) await together(threads, keys);
} else {
  // Because: this file started the worker with these data.
  const { tables, keys } = workerData as { tables: Map<string, SharedArrayBuffer>; keys: number };
  const { store, clock } = testStore(BYTES, tables);
  const nanoseconds = nanosecondsOf(decider(store.open([roomy]), load(keys), clock));
  const { parentPort } = await import('node:worker_threads');
  parentPort!.postMessage(nanoseconds);
}
