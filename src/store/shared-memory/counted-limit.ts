// One limit in shared memory: its algorithm, its table, and each caller's cell, which it brings up to date. Decides for one limit alone;
// stacks are in local-limiter.ts.

import { KeyedHash } from '../../base/keyed-hash.ts';
import { createMeter } from '../limiter/create-meter.ts';
import { Gcra } from '../limiter/gcra.ts';
import { type LimitRule, ruleIdentity } from '../limiter/limit-rule.ts';
import { type Meter, MeterAnswer } from '../limiter/meter.ts';
import { type CellTable, lastingClass, type Moment, momentOf, STEP_BACK_MOMENTS } from './cell-table.ts';
import { lock, unlock } from './set-lock.ts';

/** The table's time; see `TableClock`. */
export interface TableTime {
  readonly nowMs: number;
}

const hash = new KeyedHash();
/** For decisions that need no other cell of the set. */
const noneStays = () => false;

/** What the last decision of this thread found. Read it before the next one. */
export const answer = new MeterAnswer();

export class CountedLimit {
  readonly meter: Meter;
  readonly table: CellTable;
  readonly clock: TableTime;
  readonly hashKeyLow: number;
  readonly hashKeyHigh: number;
  /** The time of the last `readClock`, in the meter's ticks and in the table's moments. */
  tick = 0;
  moment: Moment = 0;
  private readAt = Number.NaN;
  private readonly gcra: Gcra | null;
  private readonly lasts: number;
  private readonly recoveryMoments: number;

  constructor(rule: LimitRule, table: CellTable, clock: TableTime) {
    this.meter = createMeter(rule);
    this.gcra = this.meter instanceof Gcra ? this.meter : null;
    this.table = table;
    this.clock = clock;
    // Each limit has its own hash key, derived from the table's secret, so that callers of different limits never share a cell.
    hash.text(table.header.hashKeyLow, table.header.hashKeyHigh, ruleIdentity(rule));
    this.hashKeyLow = hash.low;
    this.hashKeyHigh = hash.high;
    this.lasts = lastingClass(this.meter.recoveryMs);
    this.recoveryMoments = Math.ceil(this.meter.recoveryMs / 256) + 1;
  }

  /** Whether this cost is admitted; if so, takes it. `answer` holds the details. */
  decide(keyLow: number, keyHigh: number, cost: number): boolean {
    const { gcra, table } = this;
    this.readClock();
    if (gcra === null) return this.decideLocked(keyLow, keyHigh, cost);
    const { tick, moment } = this;
    for (;;) {
      const state = this.freeCell(keyLow, keyHigh);
      const outcome = gcra.tryTake(table.words, state, tick, cost, answer);
      // Because: the cell may have gone to another caller since it was found.
      if (outcome === -1 || !table.isOf(state, keyLow, keyHigh)) continue;
      this.touchDecided(state, moment);
      return outcome === 1;
    }
  }

  /** As `decide`, for a cost that is taken in any case. */
  charge(keyLow: number, keyHigh: number, cost: number): void {
    const { gcra, table, meter } = this;
    this.readClock();
    const { tick, moment } = this;
    if (gcra !== null) {
      let state: number;
      do {
        state = this.freeCell(keyLow, keyHigh);
        gcra.take(table.words, state, tick, cost);
      } while (!table.isOf(state, keyLow, keyHigh));
      table.touch(state, moment, this.lasts);
      return;
    }
    const stamp = lock(table.words, table.lockOf(keyLow));
    const state = this.cell(keyLow, keyHigh, tick, moment, noneStays);
    meter.take(table.words, state, tick, cost);
    table.touch(state, moment, this.lasts);
    unlock(table.words, table.lockOf(keyLow), stamp);
  }

  /** Fills `answer` with the caller's figures, without taking anything. False when the caller counts as never seen. */
  look(keyLow: number, keyHigh: number): boolean {
    const { gcra, table } = this;
    const { words } = table;
    this.readClock();
    // Because: a state of several words must not change while it is read.
    const stamp = gcra === null ? lock(words, table.lockOf(keyLow)) : 0;
    const state = table.find(keyLow, keyHigh);
    const isKnown = state !== -1 && !this.isStale(state, this.moment);
    if (isKnown) this.meter.fits(words, state, this.tick, 0, answer);
    if (gcra === null) unlock(words, table.lockOf(keyLow), stamp);
    return isKnown;
  }

  /**
   * The caller's cell; makes or resets it where needed. The lock of its set must be held. `stays` says which cells of the set
   * the same decision needs.
   */
  cell(keyLow: number, keyHigh: number, tick: number, moment: Moment, stays: (state: number) => boolean): number {
    const { table, meter } = this;
    let state = table.find(keyLow, keyHigh);
    if (state === -1) {
      state = table.vacate(keyLow, moment, stays);
      meter.clear(table.words, state, tick);
      table.assignKey(state, keyLow, keyHigh, moment, this.lasts);
    } else if (this.isStale(state, moment)) {
      this.renew(state, tick);
      table.touch(state, moment, this.lasts);
    }
    return state;
  }

  touch(state: number, moment: Moment): void {
    this.table.touch(state, moment, this.lasts);
  }

  /**
   * Touches a cell after a decision, which `answer` describes. Not when its cost never fits: nothing changes such a state, and if it did not
   * grow stale, its ticks would wrap around, and requests that do fit would be refused.
   */
  touchDecided(state: number, moment: Moment): void {
    if (answer.waitMs !== Infinity) this.table.touch(state, moment, this.lasts);
  }

  /** Brings `tick` and `moment` up to date. The clock stands still within a turn of the event loop, which handles many requests. */
  readClock(): void {
    const { nowMs } = this.clock;
    if (nowMs === this.readAt) return;
    this.readAt = nowMs;
    this.tick = this.meter.tickAt(nowMs);
    this.moment = momentOf(nowMs);
  }

  /** The caller's cell, for an algorithm that needs no lock. The cell may go to another caller at any time. */
  private freeCell(keyLow: number, keyHigh: number): number {
    const { table, tick, moment } = this;
    const state = table.find(keyLow, keyHigh);
    return state === -1 || this.isStale(state, moment) ? this.lockedCell(keyLow, keyHigh, tick, moment) : state;
  }

  private lockedCell(keyLow: number, keyHigh: number, tick: number, moment: Moment): number {
    const { table } = this;
    const stamp = lock(table.words, table.lockOf(keyLow));
    const state = this.cell(keyLow, keyHigh, tick, moment, noneStays);
    unlock(table.words, table.lockOf(keyLow), stamp);
    return state;
  }

  private decideLocked(keyLow: number, keyHigh: number, cost: number): boolean {
    const { table, meter, tick, moment } = this;
    const stamp = lock(table.words, table.lockOf(keyLow));
    const state = this.cell(keyLow, keyHigh, tick, moment, noneStays);
    const admitted = meter.fits(table.words, state, tick, cost, answer);
    if (admitted) meter.take(table.words, state, tick, cost);
    this.touchDecided(state, moment);
    unlock(table.words, table.lockOf(keyLow), stamp);
    return admitted;
  }

  /** Whether the state means nothing any more: its ticks may have wrapped around since, or the clock made a large step back. */
  private isStale(state: number, moment: Moment): boolean {
    const age = this.table.age(state, moment);
    return age > this.recoveryMoments || age < -STEP_BACK_MOMENTS;
  }

  private renew(state: number, tick: number): void {
    const { words } = this.table;
    if (this.gcra === null) {
      this.meter.clear(words, state, tick);
      return;
    }
    // If another thread changes the cell just now, that thread found it alive: then the cell is up to date, and stays.
    const before = Atomics.load(words, state);
    Atomics.compareExchange(words, state, before, tick);
  }
}
