// Evenly paced calls of one caller, spread over gateways by weights: how many were admitted, and how long the longest took.

import { openForeignTime } from './foreign-time.ts';
import type { LimitGateway } from './limit-gateway.ts';

export interface LimitLoad {
  /** Calls a second, over all gateways. */
  readonly perSecond: number;
  readonly forMs: number;
  /** The gateways that take calls now, with their weights: asked each time, so that some may join and leave. */
  readonly spread: (sinceMs: number) => readonly { readonly gateway: LimitGateway; readonly weight: number }[];
  readonly caller?: number;
}

export interface LimitOutcome {
  readonly offered: number;
  readonly admitted: number;
  /** Moments of the admissions, ms since the start. */
  readonly admittedAt: readonly number[];
  /** ms of the call that took longest, one moment left out, beyond what calls take while all is well; time that others took meanwhile (`foreign-time.ts`) is none. */
  readonly longestAddedMs: number;
  readonly tookMs: number;
}

const STEP_MS = 2;
const MOMENT_MS = 3;
/** Calls after the first ones, which run code for the first time, and before anything happens. */
const WELL_FROM_MS = 400;
const WELL_UNTIL_MS = 900;

export async function offer({ perSecond, forMs, spread, caller = 1 }: LimitLoad): Promise<LimitOutcome> {
  const start = performance.now();
  const admittedAt: number[] = [];
  const credits = new Map<LimitGateway, number>();
  const open = new Set<Promise<void>>();
  let offered = 0;
  // Gateways share a thread here that each has for itself where it matters.
  const foreign = openForeignTime(1 - 1 / spread(0).length);
  const well: number[] = [];
  const ends: { readonly at: number; readonly tookMs: number }[] = [];
  const note = (admitted: boolean, asked: number, delayed: number) => {
    const now = performance.now();
    const tookMs = now - asked - (foreign.ms() - delayed);
    if (asked - start > WELL_FROM_MS) {
      ends.push({ at: now, tookMs });
      if (asked - start < WELL_UNTIL_MS) well.push(tookMs);
    }
    if (admitted) admittedAt.push(now - start);
  };
  for (let now = 0; now < forMs; now = performance.now() - start) {
    const due = Math.floor((Math.min(now, forMs) * perSecond) / 1_000);
    for (; offered < due; offered++) {
      const delayed = foreign.ms();
      const asked = performance.now();
      const answer = turnOf(spread(now), credits).ask(caller);
      if (typeof answer === 'boolean') note(answer, asked, delayed);
      else {
        const waiting = answer.then(admitted => {
          open.delete(waiting);
          note(admitted, asked, delayed);
        });
        open.add(waiting);
      }
    }
    await new Promise(resolve => setTimeout(resolve, STEP_MS));
  }
  await Promise.all(open);
  foreign.close();
  const usualMs = well.sort((a, b) => a - b)[well.length >> 1] ?? 0;
  const tookMs = performance.now() - start;
  return { offered, admitted: admittedAt.length, admittedAt, longestAddedMs: longestOf(ends) - usualMs, tookMs };
}

/**
 * But for one moment: a thread that waits for a starved helper (the collector's) stands still without a trace in its statistics. Who
 * waits for a store that is away shows at more than one.
 */
function longestOf(ends: readonly { readonly at: number; readonly tookMs: number }[]): number {
  const worst = ends.reduce((one, other) => (other.tookMs > one.tookMs ? other : one), { at: -Infinity, tookMs: 0 });
  return ends.reduce(
    (most, { at, tookMs }) => (Math.abs(at - worst.at) < MOMENT_MS ? most : Math.max(most, tookMs)),
    0,
  );
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
