// The contract of the algorithms: arithmetic over the words of one caller's state, on a 32-bit clock that may wrap around. Contract
// only. A meter holds no state, takes no lock and knows no key.

/** What `fits` found out, in units and milliseconds. One object is reused for all calls. */
export class MeterAnswer {
  /** Whole units left; the cost is subtracted if it fits. */
  remaining = 0;
  /** Milliseconds until this cost would fit; 0 when it does, Infinity when it never will. */
  waitMs = 0;
  /** Milliseconds until the state equals that of a caller never seen. */
  resetMs = 0;
}

/** Clocks may step back by this much. After a larger step, callers count as never seen: they would have to wait as long as the step. */
export const STEP_BACK_MAX_MS = 60_000;

export interface Meter {
  /** Number of 32-bit words in a caller's state. */
  readonly stateWords: number;
  /** A state that was not touched for this long means nothing any more: the caller counts as never seen. */
  readonly recoveryMs: number;
  /** Largest cost that can ever fit. */
  readonly costMax: number;
  /** Converts milliseconds to the meter's own ticks, modulo 2^32. */
  tickAt(nowMs: number): number;
  /** Resets the state to that of a caller never seen. */
  clear(words: Int32Array, at: number, tick: number): void;
  /**
   * Whether the cost fits now; `answer` holds the details. Changes no state. A tick before the last one (threads read their clocks
   * at different moments) never admits more than the later tick would have.
   */
  fits(words: Int32Array, at: number, tick: number, cost: number, answer: MeterAnswer): boolean;
  /** Takes the cost, whether it fits or not. */
  take(words: Int32Array, at: number, tick: number, cost: number): void;
}
