// What every algorithm is: arithmetic over the words of one caller's state, on a clock of 32 bits that may run round. Contract
// only. A meter holds no state, takes no lock and knows no key.

/** What `fits` found out, in units and milliseconds. One object is filled again and again. */
export class MeterAnswer {
  /** Whole units left, once the cost was taken if it fits. */
  remaining = 0;
  /** Until this cost would fit; 0 when it does, Infinity when it never will. */
  waitMs = 0;
  /** Until everything is as for a caller never seen. */
  resetMs = 0;
}

/** Clocks may step back by so much; beyond it the store takes the caller as one never seen, since he would wait as long. */
export const STEP_BACK_MAX_MS = 60_000;

export interface Meter {
  /** Words of a caller's state. */
  readonly stateWords: number;
  /** Untouched for so long, a state says nothing more: the caller is as one never seen. */
  readonly recoveryMs: number;
  /** Largest cost that can ever fit. */
  readonly costMax: number;
  /** This time on the meter's own clock, modulo 2^32. */
  tickAt(nowMs: number): number;
  /** Makes the state that of a caller never seen. */
  clear(words: Int32Array, at: number, tick: number): void;
  /**
   * Whether the cost fits now; `answer` says more. Changes nothing. A time before the last one (threads read their clocks at
   * different moments) never admits more than the later one would have.
   */
  fits(words: Int32Array, at: number, tick: number, cost: number, answer: MeterAnswer): boolean;
  /** Takes the cost, whether it fits or not. */
  take(words: Int32Array, at: number, tick: number, cost: number): void;
}
