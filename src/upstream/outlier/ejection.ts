// Takes an endpoint out of use for a while and lets it back, in cells that all workers share. The reason is decided elsewhere.

import type { StateBlock } from '../state/shared-states.ts';
import { StateCell, TimeCell } from '../state/state-cells.ts';

export const EjectReason = { none: 0, errors: 1, resets: 2, draining: 3, successRate: 4, latency: 5 } as const;

/** The texts of `EjectReason`, for operators, by its number. */
export const ejectReasonTexts = [
  '',
  'errors in a row',
  'connections reset in a row',
  'closes its connections one after another: it seems to be draining',
  'fails more often than the others',
  'answers slower than the others',
] as const;

export interface EjectionSpec {
  /** Duration of the first ejection; each further one is longer by this much. */
  readonly ejectionMs: number;
  readonly ejectionMaxMs: number;
  /** Share of the endpoints that may be ejected at once, 0 to 1. */
  readonly maxEjected: number;
}

/** How many of `endpoints` may be ejected: `share` of them, at least one, but never the last. */
export function ejectedMax(endpoints: number, share: number): number {
  return Math.min(endpoints - 1, Math.max(1, Math.floor(endpoints * share)));
}

/**
 * Ejects the endpoint. Returns the duration in milliseconds; 0 when it was already ejected, or too many others are. `all` are the blocks of
 * the upstream's endpoints, including this endpoint's own.
 */
export function eject(
  endpoint: StateBlock,
  all: readonly StateBlock[],
  reason: number,
  spec: EjectionSpec,
  now: number,
): number {
  const { words, times, at, timesAt } = endpoint;
  const max = ejectedMax(all.length, spec.maxEjected);
  if (words[at + StateCell.ejected] !== 0 || countEjected(all) >= max) return 0;
  const earlier = timesOut(endpoint, spec, now);
  const forMs = Math.min(spec.ejectionMaxMs, spec.ejectionMs * (earlier + 1));
  // Written before the cell is set, because other workers end an ejection whose time is over.
  times[timesAt + TimeCell.ejectedUntil] = now + forMs;
  if (Atomics.compareExchange(words, at + StateCell.ejected, 0, 1) !== 0) return 0;
  // Counted again after the cell was set, so that two workers that eject at once cannot both take the last place.
  if (countEjected(all) > max) {
    Atomics.store(words, at + StateCell.ejected, 0);
    return 0;
  }
  Atomics.store(words, at + StateCell.ejections, earlier + 1);
  Atomics.store(words, at + StateCell.ejectReason, reason);
  times[timesAt + TimeCell.ejectedAt] = now;
  return forMs;
}

/** Ends an ejection whose time is over. True when this call ended it. */
export function endEjection({ words, times, at, timesAt }: StateBlock, now: number): boolean {
  if (words[at + StateCell.ejected] === 0 || now < times[timesAt + TimeCell.ejectedUntil]!) return false;
  clearRows(words, at);
  times[timesAt + TimeCell.recoveredAt] = now;
  return Atomics.compareExchange(words, at + StateCell.ejected, 1, 0) === 1;
}

/**
 * Ends an ejection early because health checks found that the endpoint recovered: the reason for the ejection is past. The endpoint is used
 * again at the next look of a worker.
 */
export function shortenEjection({ words, times, at, timesAt }: StateBlock, now: number): void {
  if (words[at + StateCell.ejected] === 0) return;
  times[timesAt + TimeCell.ejectedUntil] = Math.min(times[timesAt + TimeCell.ejectedUntil]!, now);
}

/** Resets the counts that led to the ejection, so that they no longer count against the endpoint. */
function clearRows(words: Int32Array, at: number): void {
  Atomics.store(words, at + StateCell.errorsInARow, 0);
  Atomics.store(words, at + StateCell.resetsInARow, 0);
  Atomics.store(words, at + StateCell.closesInARow, 0);
  Atomics.store(words, at + StateCell.keptSeen, 0);
  Atomics.store(words, at + StateCell.goawaysInARow, 0);
}

/** The number of ejected endpoints, including those whose time is over but which no worker has looked at since. */
export function countEjected(all: readonly StateBlock[]): number {
  let count = 0;
  for (const { words, at } of all) if (words[at + StateCell.ejected] !== 0) count++;
  return count;
}

/** How many earlier ejections still count: one is forgotten for each `ejectionMs` that the endpoint has been in use since. */
function timesOut({ words, times, at, timesAt }: StateBlock, { ejectionMs }: EjectionSpec, now: number): number {
  const ejections = words[at + StateCell.ejections]!;
  if (ejections === 0) return 0;
  const inUseMs = Math.max(0, now - times[timesAt + TimeCell.ejectedUntil]!);
  return Math.max(0, ejections - Math.floor(inUseMs / ejectionMs));
}
