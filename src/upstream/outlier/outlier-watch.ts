// Watches what attempts come to, endpoint by endpoint, and ejects those that fail in a row or are going away. Deviation from the others is
// looked at once a process, in deviation.ts.

import type { StateBlock } from '../state/shared-states.ts';
import { StateCell } from '../state/state-cells.ts';
import { type EjectionSpec, EjectReason, eject } from './ejection.ts';

/** See `OutlierConfig` in src/config/resilience-config.ts, to which this is structurally equal. */
export interface OutlierSpec extends EjectionSpec {
  /** 0 for none. */
  readonly consecutiveErrors: number;
  /**
   * Resets in a row; or answers with `Connection: close`, or young connections that end by GOAWAY, in a row from an endpoint that kept its
   * connections before. 0 for none.
   */
  readonly consecutiveResets: number;
  readonly intervalMs: number;
  /** Standard deviations below the mean success rate; 0 for none. */
  readonly successRateDeviations: number;
  /** Times the median latency; 0 for none. */
  readonly latencyFactor: number;
  /** Answers in an interval below which neither says anything. */
  readonly minimum: number;
}

/** Kept connections that must have been seen before closed ones mean something: some servers close each. */
const KEPT_ENOUGH = 8;
const LATENCY_MAX_MS = 60_000;

export class OutlierWatch {
  readonly spec: OutlierSpec;
  private readonly all: readonly StateBlock[];
  private readonly measures: boolean;
  /** How long the endpoint that was ejected last is out. */
  lastEjectionMs: number;

  constructor(spec: OutlierSpec, all: readonly StateBlock[]) {
    this.spec = spec;
    this.all = all;
    this.measures = spec.successRateDeviations > 0 || spec.latencyFactor > 0;
    this.lastEjectionMs = 0;
  }

  /**
   * An answer came. `closedAfter` is 0 where its connection stays, else after how many requests the endpoint closes it. The reason when the
   * endpoint is out now, else `EjectReason.none`.
   */
  answered(block: StateBlock, isError: boolean, latencyMs: number, closedAfter: number, now: number): number {
    const { words, at } = block;
    if (this.measures) {
      Atomics.add(words, at + StateCell.intervalRequests, 1);
      Atomics.add(words, at + StateCell.intervalLatency, Math.round(Math.min(LATENCY_MAX_MS, latencyMs) * 10));
      if (isError) Atomics.add(words, at + StateCell.intervalErrors, 1);
    }
    if (words[at + StateCell.resetsInARow] !== 0) Atomics.store(words, at + StateCell.resetsInARow, 0);
    if (isError) {
      if (this.oneMore(block, StateCell.errorsInARow, this.spec.consecutiveErrors)) {
        return this.out(block, EjectReason.errors, now);
      }
    } else if (words[at + StateCell.errorsInARow] !== 0) Atomics.store(words, at + StateCell.errorsInARow, 0);
    if (closedAfter === 0 || closesAtLimit(block, closedAfter)) {
      if (words[at + StateCell.closesInARow] !== 0) Atomics.store(words, at + StateCell.closesInARow, 0);
      if (words[at + StateCell.keptSeen]! < KEPT_ENOUGH) Atomics.add(words, at + StateCell.keptSeen, 1);
    } else if (
      words[at + StateCell.keptSeen]! >= KEPT_ENOUGH &&
      this.oneMore(block, StateCell.closesInARow, this.spec.consecutiveResets)
    ) {
      return this.out(block, EjectReason.draining, now);
    }
    return this.drains(block, now);
  }

  /** Looks whether it ends its HTTP/2 connections one after another. As `answered`. */
  drains(block: StateBlock, now: number): number {
    const { words, at } = block;
    const { consecutiveResets } = this.spec;
    if (consecutiveResets === 0 || words[at + StateCell.goaways]! < consecutiveResets) return EjectReason.none;
    // If it may not be ejected, it is not tried again with each answer.
    Atomics.store(words, at + StateCell.goaways, 1);
    return this.out(block, EjectReason.draining, now);
  }

  /** No answer came. As `answered`. */
  failed(block: StateBlock, isReset: boolean, now: number): number {
    const { words, at } = block;
    if (this.measures) {
      Atomics.add(words, at + StateCell.intervalRequests, 1);
      Atomics.add(words, at + StateCell.intervalErrors, 1);
    }
    if (isReset && this.oneMore(block, StateCell.resetsInARow, this.spec.consecutiveResets)) {
      return this.out(block, EjectReason.resets, now);
    }
    if (this.oneMore(block, StateCell.errorsInARow, this.spec.consecutiveErrors)) {
      return this.out(block, EjectReason.errors, now);
    }
    return EjectReason.none;
  }

  private oneMore({ words, at }: StateBlock, cell: number, limit: number): boolean {
    return limit > 0 && Atomics.add(words, at + cell, 1) + 1 >= limit;
  }

  private out(block: StateBlock, reason: number, now: number): number {
    this.lastEjectionMs = eject(block, this.all, reason, this.spec, now);
    return this.lastEjectionMs === 0 ? EjectReason.none : reason;
  }
}

/**
 * Whether it closes its connections after a number of requests (100 with Tomcat and Apache, where nobody says otherwise): then this one ends
 * after as many as the one before. Under load several reach their end together, and that is no draining.
 */
function closesAtLimit({ words, at }: StateBlock, closedAfter: number): boolean {
  return closedAfter > 1 && Atomics.exchange(words, at + StateCell.closedAfter, closedAfter) === closedAfter;
}
