// Watches the outcomes of attempts for each endpoint, and ejects endpoints that fail repeatedly in a row or are draining. Deviation from
// the other endpoints is judged once per process, in deviation.ts.

import type { StateBlock } from '../state/shared-states.ts';
import { StateCell } from '../state/state-cells.ts';
import { type EjectionSpec, EjectReason, eject } from './ejection.ts';

/** See `OutlierConfig` in src/config/resilience-config.ts, to which this is structurally equal. */
export interface OutlierSpec extends EjectionSpec {
  /** Consecutive errors that eject an endpoint; 0 to ignore them. */
  readonly consecutiveErrors: number;
  /**
   * Consecutive resets that eject an endpoint. Also the number of consecutive responses with `Connection: close`, or of young connections
   * ended by GOAWAY, from an endpoint that kept its connections before. 0 to ignore all of these.
   */
  readonly consecutiveResets: number;
  readonly intervalMs: number;
  /** Standard deviations below the mean success rate that eject an endpoint; 0 to ignore it. */
  readonly successRateDeviations: number;
  /** Multiple of the median latency above which an endpoint is ejected; 0 to ignore it. */
  readonly latencyFactor: number;
  /** Requests in an interval below which success rate and latency are not judged. */
  readonly minimum: number;
}

/** Kept connections that must have been seen before closed ones count, since some servers close every connection. */
const KEPT_ENOUGH = 8;
const LATENCY_MAX_MS = 60_000;
/**
 * When the sum of latencies has reached this, the rest of the interval is not counted: the sum would overflow, at 120 requests in progress
 * within an hour. There is room for what a hundred threads add at the same time.
 */
const LATENCY_SUM_MAX = 2 ** 32 - 100 * LATENCY_MAX_MS * 10;

export class OutlierWatch {
  readonly spec: OutlierSpec;
  private readonly all: readonly StateBlock[];
  private readonly measures: boolean;
  /** Duration in milliseconds of the last ejection that this worker made; 0 when the last attempt to eject was not allowed. */
  lastEjectionMs: number;

  constructor(spec: OutlierSpec, all: readonly StateBlock[]) {
    this.spec = spec;
    this.all = all;
    this.measures = spec.successRateDeviations > 0 || spec.latencyFactor > 0;
    this.lastEjectionMs = 0;
  }

  /**
   * A response came. `closedAfter` is 0 when its connection stays open, otherwise the number of requests after which the endpoint closes
   * it. Returns the reason when the endpoint is ejected by this, otherwise `EjectReason.none`.
   */
  answered(block: StateBlock, isError: boolean, latencyMs: number, closedAfter: number, now: number): number {
    const { words, at } = block;
    if (this.measures && hasRoom(block)) {
      Atomics.add(words, at + StateCell.intervalRequests, 1);
      Atomics.add(words, at + StateCell.intervalLatency, Math.round(Math.min(LATENCY_MAX_MS, latencyMs) * 10));
      if (isError) Atomics.add(words, at + StateCell.intervalErrors, 1);
    }
    if (words[at + StateCell.resetsInARow] !== 0) Atomics.store(words, at + StateCell.resetsInARow, 0);
    if (isError) {
      if (this.oneMore(block, StateCell.errorsInARow, this.spec.consecutiveErrors)) {
        return this.ejectFor(block, EjectReason.errors, now);
      }
    } else if (words[at + StateCell.errorsInARow] !== 0) Atomics.store(words, at + StateCell.errorsInARow, 0);
    if (closedAfter === 0 || closesAtLimit(block, closedAfter)) {
      if (words[at + StateCell.closesInARow] !== 0) Atomics.store(words, at + StateCell.closesInARow, 0);
      if (words[at + StateCell.keptSeen]! < KEPT_ENOUGH) Atomics.add(words, at + StateCell.keptSeen, 1);
    } else if (
      words[at + StateCell.keptSeen]! >= KEPT_ENOUGH &&
      this.oneMore(block, StateCell.closesInARow, this.spec.consecutiveResets)
    ) {
      return this.ejectFor(block, EjectReason.draining, now);
    }
    return this.drains(block, now);
  }

  /** Checks whether the endpoint ends its HTTP/2 connections one after another. Returns the same as `answered`. */
  drains(block: StateBlock, now: number): number {
    const { words, at } = block;
    const { consecutiveResets } = this.spec;
    if (consecutiveResets === 0 || words[at + StateCell.goawaysInARow]! < consecutiveResets) return EjectReason.none;
    // Reset, so that an endpoint that may not be ejected is not tried again with each response.
    Atomics.store(words, at + StateCell.goawaysInARow, 1);
    return this.ejectFor(block, EjectReason.draining, now);
  }

  /** The attempt got no response. Returns the same as `answered`. */
  failed(block: StateBlock, isReset: boolean, now: number): number {
    const { words, at } = block;
    if (this.measures && hasRoom(block)) {
      Atomics.add(words, at + StateCell.intervalRequests, 1);
      Atomics.add(words, at + StateCell.intervalErrors, 1);
    }
    if (isReset && this.oneMore(block, StateCell.resetsInARow, this.spec.consecutiveResets)) {
      return this.ejectFor(block, EjectReason.resets, now);
    }
    if (this.oneMore(block, StateCell.errorsInARow, this.spec.consecutiveErrors)) {
      return this.ejectFor(block, EjectReason.errors, now);
    }
    return EjectReason.none;
  }

  private oneMore({ words, at }: StateBlock, cell: number, limit: number): boolean {
    return limit > 0 && Atomics.add(words, at + cell, 1) + 1 >= limit;
  }

  private ejectFor(block: StateBlock, reason: number, now: number): number {
    this.lastEjectionMs = eject(block, this.all, reason, this.spec, now);
    return this.lastEjectionMs === 0 ? EjectReason.none : reason;
  }
}

/** Whether the interval's counts have room for another request. */
function hasRoom({ words, at }: StateBlock): boolean {
  return words[at + StateCell.intervalLatency]! >>> 0 < LATENCY_SUM_MAX;
}

/**
 * Whether the endpoint closes connections after a fixed number of requests (100 by default with Tomcat and Apache): then this connection
 * ends after as many requests as the one before. Under load several connections reach that number together, which is not draining.
 */
function closesAtLimit({ words, at }: StateBlock, closedAfter: number): boolean {
  return closedAfter > 1 && Atomics.exchange(words, at + StateCell.closedAfter, closedAfter) === closedAfter;
}
