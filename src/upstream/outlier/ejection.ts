// Takes an endpoint out of use for a while and lets it back, in cells that all workers share. Why it was taken out is decided elsewhere.

import type { StateBlock } from '../state/shared-states.ts';
import { StateCell, TimeCell } from '../state/state-cells.ts';

export const EjectReason = { none: 0, errors: 1, resets: 2, draining: 3, successRate: 4, latency: 5 } as const;

/** What `EjectReason` means, for operators. */
export const ejectReasonTexts = [
  '',
  'errors in a row',
  'connections reset in a row',
  'closes its connections one after another: it seems to be draining',
  'fails more often than the others',
  'answers slower than the others',
] as const;

export interface EjectionSpec {
  /** The first time; each time more, it is that much longer. */
  readonly ejectionMs: number;
  readonly ejectionMaxMs: number;
  /** Share of the endpoints that may be out at once, 0 to 1. */
  readonly maxEjected: number;
}

/** How many of so many endpoints may be ejected: the share, one at least, and never the last. */
export function ejectedMax(endpoints: number, share: number): number {
  return Math.min(endpoints - 1, Math.max(1, Math.floor(endpoints * share)));
}

/**
 * Milliseconds for which the endpoint is out from now on; 0 when it was out already, or when too many others are. `all` are the blocks of the
 * upstream's endpoints, the endpoint's own among them.
 */
export function eject(
  endpoint: StateBlock,
  all: readonly StateBlock[],
  reason: number,
  spec: EjectionSpec,
  now: number,
): number {
  const { words, times, at, timesAt } = endpoint;
  if (words[at + StateCell.ejected] !== 0) return 0;
  const earlier = timesOut(endpoint, spec, now);
  const forMs = Math.min(spec.ejectionMaxMs, spec.ejectionMs * (earlier + 1));
  times[timesAt + TimeCell.ejectedUntil] = now + forMs;
  if (Atomics.compareExchange(words, at + StateCell.ejected, 0, 1) !== 0) return 0;
  // Looked at afterwards, so that two workers that eject at once cannot both have the last place.
  if (countEjected(all) > ejectedMax(all.length, spec.maxEjected)) {
    Atomics.store(words, at + StateCell.ejected, 0);
    return 0;
  }
  Atomics.store(words, at + StateCell.ejections, earlier + 1);
  Atomics.store(words, at + StateCell.ejectReason, reason);
  times[timesAt + TimeCell.ejectedAt] = now;
  return forMs;
}

/** Lets it back when its time is over. True when this did. */
export function endEjection({ words, times, at, timesAt }: StateBlock, now: number): boolean {
  if (words[at + StateCell.ejected] === 0 || now < times[timesAt + TimeCell.ejectedUntil]!) return false;
  clearRows(words, at);
  times[timesAt + TimeCell.recoveredAt] = now;
  return Atomics.compareExchange(words, at + StateCell.ejected, 1, 0) === 1;
}

/** It was away and is back, as its health checks found: what it was ejected for is past. The next look of a worker lets it back. */
export function shortenEjection({ words, times, at, timesAt }: StateBlock, now: number): void {
  if (words[at + StateCell.ejected] === 0) return;
  times[timesAt + TimeCell.ejectedUntil] = Math.min(times[timesAt + TimeCell.ejectedUntil]!, now);
}

/** What it did before does not count against it any more. */
function clearRows(words: Int32Array, at: number): void {
  Atomics.store(words, at + StateCell.errorsInARow, 0);
  Atomics.store(words, at + StateCell.resetsInARow, 0);
  Atomics.store(words, at + StateCell.closesInARow, 0);
  Atomics.store(words, at + StateCell.keptSeen, 0);
  Atomics.store(words, at + StateCell.goaways, 0);
}

/** Also those whose time is over and that nobody has looked at since. */
export function countEjected(all: readonly StateBlock[]): number {
  let count = 0;
  for (const { words, at } of all) if (words[at + StateCell.ejected] !== 0) count++;
  return count;
}

/** Earlier ejections that still count: one is forgotten for each ejection's time in use since. */
function timesOut({ words, times, at, timesAt }: StateBlock, { ejectionMs }: EjectionSpec, now: number): number {
  const ejections = words[at + StateCell.ejections]!;
  if (ejections === 0) return 0;
  const inUseMs = Math.max(0, now - times[timesAt + TimeCell.ejectedUntil]!);
  return Math.max(0, ejections - Math.floor(inUseMs / ejectionMs));
}
