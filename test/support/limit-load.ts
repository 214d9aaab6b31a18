// Evenly paced calls of one caller, spread over gateways by weights: how many were admitted, and how long the longest took.

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
  /** How long the slowest hundred took, slowest first. */
  readonly slowest: readonly number[];
  readonly tookMs: number;
}

const STEP_MS = 2;

export async function offer({ perSecond, forMs, spread, caller = 1 }: LimitLoad): Promise<LimitOutcome> {
  const start = performance.now();
  const admittedAt: number[] = [];
  const credits = new Map<LimitGateway, number>();
  const open = new Set<Promise<void>>();
  let offered = 0;
  const durations: number[] = [];
  const note = (admitted: boolean, asked: number) => {
    const now = performance.now();
    durations.push(now - asked);
    if (admitted) admittedAt.push(now - start);
  };
  for (let now = 0; now < forMs; now = performance.now() - start) {
    const due = Math.floor((Math.min(now, forMs) * perSecond) / 1_000);
    for (; offered < due; offered++) {
      const asked = performance.now();
      const answer = turnOf(spread(now), credits).ask(caller);
      if (typeof answer === 'boolean') note(answer, asked);
      else {
        const waiting = answer.then(admitted => {
          open.delete(waiting);
          note(admitted, asked);
        });
        open.add(waiting);
      }
    }
    await new Promise(resolve => setTimeout(resolve, STEP_MS));
  }
  await Promise.all(open);
  const slowest = durations.sort((a, b) => b - a).slice(0, 100);
  return { offered, admitted: admittedAt.length, admittedAt, slowest, tookMs: performance.now() - start };
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
