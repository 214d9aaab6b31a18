// Takes an endpoint out of use for a while and lets it back, in cells that all workers share. The reason is decided elsewhere.

import type { StateBlock } from '../state/shared-states.ts';
import { Health, StateCell, TimeCell } from '../state/state-cells.ts';

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

/**
 * An endpoint that has been out for less than this share of its ejection is not let back for another one: when all endpoints fail, they
 * would take turns with every few requests.
 */
const OUT_SHARE_MIN = 0.1;

/** How many of `endpoints` may be ejected: `share` of them, at least one, but never the last. */
export function ejectedMax(endpoints: number, share: number): number {
  return Math.min(endpoints - 1, Math.max(1, Math.floor(endpoints * share)));
}

/**
 * Ejects the endpoint. Returns the duration in milliseconds; 0 when it was already ejected, or too many others are. One that fails takes the
 * place of the one that has been out longest: failures of now say more than failures of then. `all` are the blocks of the upstream's
 * endpoints, including this endpoint's own.
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
  if (words[at + StateCell.ejected] !== 0) return 0;
  if (countEjected(all, now) >= max && !(isFailing(reason) && letLongestOutBack(all, now))) return 0;
  const earlier = timesOut(endpoint, spec, now);
  const forMs = Math.min(spec.ejectionMaxMs, spec.ejectionMs * (earlier + 1));
  // Written before the cell is set, because other workers end an ejection whose time is over.
  times[timesAt + TimeCell.ejectedUntil] = now + forMs;
  if (Atomics.compareExchange(words, at + StateCell.ejected, 0, 1) !== 0) return 0;
  // Counted again after the cell was set, so that two workers that eject at once cannot both take the last place.
  if (countEjected(all, now) > max) {
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

/** The number of ejected endpoints. One whose time is over does not count: the next look of any worker finds it in use. */
export function countEjected(all: readonly StateBlock[], now: number): number {
  let count = 0;
  for (const block of all) if (isOut(block, now)) count++;
  return count;
}

function isOut({ words, times, at, timesAt }: StateBlock, now: number): boolean {
  return words[at + StateCell.ejected] !== 0 && now < times[timesAt + TimeCell.ejectedUntil]!;
}

/** Whether hardly any request succeeds at an endpoint that is ejected for this reason; at the others they do, late or for the time being. */
function isFailing(reason: number): boolean {
  return reason === EjectReason.errors || reason === EjectReason.resets;
}

/** Ends the ejection that began first, unless its endpoint is known to be unhealthy or has not been out for long. False when there is none. */
function letLongestOutBack(all: readonly StateBlock[], now: number): boolean {
  let longest: StateBlock | null = null;
  for (const block of all) {
    const { words, times, at, timesAt } = block;
    if (!isOut(block, now) || words[at + StateCell.health] === Health.unhealthy) continue;
    const since = times[timesAt + TimeCell.ejectedAt]!;
    if (now - since < OUT_SHARE_MIN * (times[timesAt + TimeCell.ejectedUntil]! - since)) continue;
    if (longest === null || since < longest.times[longest.timesAt + TimeCell.ejectedAt]!) longest = block;
  }
  if (longest === null) return false;
  shortenEjection(longest, now);
  return true;
}

/** How many earlier ejections still count: one is forgotten for each `ejectionMs` that the endpoint has been in use since. */
function timesOut({ words, times, at, timesAt }: StateBlock, { ejectionMs }: EjectionSpec, now: number): number {
  const ejections = words[at + StateCell.ejections]!;
  if (ejections === 0) return 0;
  const inUseMs = Math.max(0, now - times[timesAt + TimeCell.ejectedUntil]!);
  return Math.max(0, ejections - Math.floor(inUseMs / ejectionMs));
}
