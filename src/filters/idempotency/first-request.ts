// A request that was the first with its key, until its answer is kept: while it is under way it keeps its duplicates out. What an answer is kept
// for is in filter.ts.

import { type Timed, type TimerWheel, UNSCHEDULED } from '../../base/timer-wheel.ts';
import type { AnswerTable } from '../../store/answer-table.ts';
import { steadySeconds } from '../../store/answers/steady-seconds.ts';

/** So often in `underWayMs` it says that it is still there: should its worker be gone, its duplicates are let in after that time. */
const RENEWALS = 3;

export class FirstRequest implements Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  status: number;
  headers: readonly (readonly [string, string])[];
  /** Null when the answer is not to be kept, or too large. */
  pieces: Buffer[] | null;
  bytes: number;
  private readonly table: AnswerTable;
  private readonly slot: number;
  private readonly digest: Buffer;
  private readonly underWayMs: number;
  private readonly wheel: TimerWheel;
  private isKept: boolean;

  /** `slot` is what the claim of `digest` gave. */
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

  /** Nothing more comes. Its duplicates are kept out for a while yet where what became of it is not known. */
  end(isKnown: boolean): void {
    this.wheel.cancel(this);
    // Because: where the answer was kept for less time than its client took, the place is already another request's with this key.
    if (this.isKept) return;
    if (isKnown) this.table.release(this.slot, this.digest);
    else this.renew();
  }

  /** Null for an answer that is too large. */
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

/** The second that has begun is not a whole one. */
export function underWaySeconds(underWayMs: number): number {
  return Math.ceil(underWayMs / 1_000) + 1;
}
