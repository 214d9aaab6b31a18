// Evenly paced calls of one or more callers in turn, spread over gateways by weight: how many were admitted, and how long they took.

import { setFlagsFromString } from 'node:v8';
import type { LimitGateway } from './limit-gateway.ts';
import { watchLoop } from './loop-lateness.ts';
import { openRunQueue } from './run-queue.ts';

export interface LimitLoad {
  /** Calls per second over all gateways. */
  readonly perSecond: number;
  readonly forMs: number;
  /** The gateways that take calls now, with their weights; read for each call, so that gateways may join and leave. */
  readonly spread: (sinceMs: number) => readonly { readonly gateway: LimitGateway; readonly weight: number }[];
  /** Number of callers that call in turn; one when left out. */
  readonly callers?: number;
}

export interface LimitOutcome {
  readonly offered: number;
  readonly admitted: number;
  /** Admitted calls of each caller. */
  readonly admittedBy: readonly number[];
  /** Times of the admissions, ms since the start. */
  readonly admittedAt: readonly number[];
  /**
   * Longest time in ms that a call took beyond the median of undisturbed calls. Time in which the thread did not run is deducted, and the
   * MOMENTS_LEFT_OUT worst moments are left out.
   */
  readonly longestAddedMs: number;
  readonly tookMs: number;
  /** ms in which the thread stood still, so that nothing could keep in step with the limit. */
  readonly lateMs: number;
}

// Because: a parallel collector waits for its helper threads when other processes have the processors, and no statistics show this wait.
for (const work of ['scavenge', 'compaction', 'pointer-update', 'gc-clearing'])
  setFlagsFromString(`--no-parallel-${work}`);

const STEP_MS = 2;
/** Start and end of the time whose calls count as undisturbed: after the first calls, which run cold code, and before any disturbance. */
const WELL_FROM_MS = 400;
const WELL_UNTIL_MS = 900;
const MOMENT_MS = 3;
const MOMENTS_LEFT_OUT = 3;

export async function offer({ perSecond, forMs, spread, callers = 1 }: LimitLoad): Promise<LimitOutcome> {
  const start = performance.now();
  const admittedAt: number[] = [];
  const admittedBy = new Array<number>(callers).fill(0);
  const credits = new Map<LimitGateway, number>();
  const open = new Set<Promise<void>>();
  let offered = 0;
  const runQueue = openRunQueue();
  const loop = watchLoop();
  const well: number[] = [];
  const calls: Call[] = [];
  const note = (admitted: boolean, caller: number, asked: number, ended: number, idle: number) => {
    const took = ended - asked - idle;
    if (asked - start > WELL_FROM_MS) {
      if (asked - start < WELL_UNTIL_MS) well.push(took);
      calls.push({ asked, took });
    }
    if (!admitted) return;
    admittedAt.push(ended - start);
    admittedBy[caller]!++;
  };
  for (let now = 0; now < forMs; now = performance.now() - start) {
    const due = Math.floor((Math.min(now, forMs) * perSecond) / 1_000);
    for (; offered < due; offered++) {
      const queued = runQueue.ms();
      const asked = performance.now();
      const caller = Math.floor(offered / spread(now).length) % callers;
      const answer = turnOf(spread(now), credits).ask(caller + 1);
      if (typeof answer === 'boolean') note(answer, caller, asked, performance.now(), runQueue.ms() - queued);
      else {
        const waiting = answer.then(async admitted => {
          const ended = performance.now();
          note(admitted, caller, asked, ended, await loop.lateness(asked, ended));
          open.delete(waiting);
        });
        open.add(waiting);
      }
    }
    await new Promise(resolve => setTimeout(resolve, STEP_MS));
  }
  await Promise.all(open);
  runQueue.close();
  loop.close();
  const usualMs = well.sort((a, b) => a - b)[well.length >> 1] ?? 0;
  const tookMs = performance.now() - start;
  admittedAt.sort((a, b) => a - b);
  return {
    offered,
    admitted: admittedAt.length,
    admittedBy,
    admittedAt,
    longestAddedMs: longestOf(calls) - usualMs,
    tookMs,
    lateMs: loop.standstillMs,
  };
}

interface Call {
  readonly asked: number;
  readonly took: number;
}

/**
 * The longest call, without the worst moments: a virtual machine stands still now and then, and its statistics do not say which thread is
 * affected. Calls that wait for a store are slow at many moments, so they are still found.
 */
function longestOf(calls: readonly Call[]): number {
  let rest = calls;
  for (let left = MOMENTS_LEFT_OUT; left > 0 && rest.length > 0; left--) {
    const worst = rest.reduce((one, other) => (other.took > one.took ? other : one));
    rest = rest.filter(({ asked }) => Math.abs(asked - worst.asked) >= MOMENT_MS);
  }
  return rest.reduce((most, { took }) => Math.max(most, took), 0);
}

/** Smooth weighted round-robin. */
function turnOf(
  spread: readonly { readonly gateway: LimitGateway; readonly weight: number }[],
  credits: Map<LimitGateway, number>,
): LimitGateway {
  let best = spread[0]!;
  let sum = 0;
  for (const each of spread) {
    sum += each.weight;
    credits.set(each.gateway, (credits.get(each.gateway) ?? 0) + each.weight);
    if (credits.get(each.gateway)! > credits.get(best.gateway)!) best = each;
  }
  credits.set(best.gateway, credits.get(best.gateway)! - sum);
  return best.gateway;
}
