// The first request with its key, until its response is kept: while it is in progress, it keeps its duplicates out. filter.ts decides which
// responses are kept.

import { type Timed, type TimerWheel, UNSCHEDULED } from '../../base/timer-wheel.ts';
import type { AnswerTable } from '../../store/answer-table.ts';
import { steadySeconds } from '../../store/answers/steady-seconds.ts';

/** How often the claim is renewed within `underWayMs`. If the worker is gone, duplicates are admitted after that time. */
const RENEWALS = 3;

/** Holds the claim of one key, and collects the response. */
export class FirstRequest implements Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  status: number;
  headers: readonly (readonly [string, string])[];
  /** The pieces of the body; null until a response that may be kept has begun. */
  pieces: Buffer[] | null;
  bytes: number;
  private readonly table: AnswerTable;
  private readonly slot: number;
  private readonly digest: Buffer;
  private readonly underWayMs: number;
  private readonly wheel: TimerWheel;
  private isKept: boolean;

  /** `slot` is the one that the claim of `digest` returned. */
  constructor(table: AnswerTable, slot: number, digest: Buffer, underWayMs: number, wheel: TimerWheel, now: number) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.status = 0;
    this.headers = [];
    this.pieces = null;
    this.bytes = 0;
    this.table = table;
    this.slot = slot;
    this.digest = digest;
    this.underWayMs = underWayMs;
    this.wheel = wheel;
    this.isKept = false;
    this.renewAt(now);
  }

  onDeadline(now: number): void {
    this.renew();
    this.renewAt(now);
  }

  /** Called when the exchange has ended. Unless the request may be executed again (`mayRepeat`), duplicates are kept out for a while longer. */
  end(mayRepeat: boolean): void {
    this.wheel.cancel(this);
    // Because: if the response was kept for less time than its delivery took, the slot may be another request's by now.
    if (this.isKept) return;
    if (mayRepeat) this.table.release(this.slot, this.digest);
    else this.renew();
  }

  /** Stores the response for duplicates; null says that it is too large to be kept. */
  keep(answer: Buffer | null, keepMs: number): void {
    this.wheel.cancel(this);
    this.isKept = true;
    this.table.store(this.slot, this.digest, answer, steadySeconds() + Math.ceil(keepMs / 1_000));
  }

  private renew(): void {
    this.table.extend(this.slot, this.digest, steadySeconds() + underWaySeconds(this.underWayMs));
  }

  private renewAt(now: number): void {
    this.wheel.schedule(this, now + this.underWayMs / RENEWALS);
  }
}

/** The time of a claim in whole seconds, plus one, since part of the current second has passed already. */
export function underWaySeconds(underWayMs: number): number {
  return Math.ceil(underWayMs / 1_000) + 1;
}
