// Limits that one process keeps in memory shared by all its workers. Answers at once.

import { createMeter } from '../limiter/create-meter.ts';
import type { LimitRule } from '../limiter/limit-rule.ts';
import type { LimitCall, Limiter, LimiterStore } from '../limiter/limiter-store.ts';
import { CellTable } from './cell-table.ts';
import { answer, CountedLimit } from './counted-limit.ts';
import { lock, unlock } from './set-lock.ts';
import { TableClock, type ThreadClock } from './table-clock.ts';

/** Memory for limits: what a worker offers to its filters, as far as limits need it. */
export interface SharedMemory {
  readonly clock: ThreadClock;
  sharedTable(name: string): SharedArrayBuffer;
  /** Keeps an object over reloads, by key. The object depends on `of`: for another `of`, `make` is called again. */
  lasting<Value extends object>(key: string, make: () => Value, of: object): Value;
}

/** Limits whose states have the same length share a table, and so do all filters with the same size setting. */
function limitTableName(stateWords: number, bytes: number): string {
  return `limits of ${stateWords} words in ${bytes} bytes`;
}

/** The tables that these limits need. */
export function limitTables(rules: readonly LimitRule[], bytes: number): { name: string; bytes: number }[] {
  const lengths = new Set(rules.map(rule => createMeter(rule).stateWords));
  return [...lengths].map(stateWords => ({ name: limitTableName(stateWords, bytes), bytes }));
}

export class LocalLimiterStore implements LimiterStore {
  private readonly memory: SharedMemory;
  private readonly bytes: number;

  /** `bytes` is the size of each table. */
  constructor(memory: SharedMemory, bytes: number) {
    this.memory = memory;
    this.bytes = bytes;
  }

  open(rules: readonly LimitRule[]): LocalLimiter {
    const counted = rules.map(rule => {
      const table = this.table(createMeter(rule).stateWords);
      return new CountedLimit(rule, table, TableClock.of(this.memory.clock, table.header.wallOffsetMs));
    });
    return new LocalLimiter(rules, counted);
  }

  private table(stateWords: number): CellTable {
    const name = limitTableName(stateWords, this.bytes);
    const memory = this.memory.sharedTable(name);
    return this.memory.lasting(name, () => new CellTable(memory, stateWords), memory);
  }
}

export class LocalLimiter implements Limiter {
  readonly rules: readonly LimitRule[];
  readonly answersAtOnce = true;
  readonly hashKeys: Int32Array;
  private readonly counted: readonly CountedLimit[];
  /** Of the decision in progress: the cells, the stamps of the locks that are held, and the order in which limits are locked. */
  private readonly states: Int32Array;
  private readonly stamps: Int32Array;
  private readonly order: Int32Array;
  private found = 0;
  private place = 0;
  /** Whether the decision in progress needs the cell for a limit that it has already looked at. */
  private readonly stays = (state: number): boolean => {
    for (let i = 0; i < this.found; i++) {
      if (this.states[i] === state && this.counted[i]!.table === this.counted[this.place]!.table) return true;
    }
    return false;
  };

  constructor(rules: readonly LimitRule[], counted: readonly CountedLimit[]) {
    this.rules = rules;
    this.counted = counted;
    this.hashKeys = Int32Array.from(counted.flatMap(({ hashKeyLow, hashKeyHigh }) => [hashKeyLow, hashKeyHigh]));
    this.states = new Int32Array(counted.length);
    this.stamps = new Int32Array(counted.length);
    this.order = new Int32Array(counted.length);
  }

  decide(call: LimitCall): boolean {
    if (this.counted.length > 1) return this.decideTogether(call);
    const { keys } = call;
    const admitted = this.counted[0]!.decide(keys[0]!, keys[1]!, call.costs[0]!);
    tell(call, 0);
    call.refusedBy = admitted ? -1 : 0;
    return admitted;
  }

  charge({ keys }: LimitCall, limit: number, units: number): void {
    this.counted[limit]!.charge(keys[2 * limit]!, keys[2 * limit + 1]!, units);
  }

  /** Fills `call` with the caller's figures in the first limit, without taking anything. False when the caller counts as never seen. */
  look(call: LimitCall): boolean {
    const isKnown = this.counted[0]!.look(call.keys[0]!, call.keys[1]!);
    if (isKnown) tell(call, 0);
    return isKnown;
  }

  /** Locks all sets, in an order that is the same for all threads, so that no thread sees part of the decision. */
  private decideTogether(call: LimitCall): boolean {
    const { counted, states } = this;
    this.lockSets(call);
    let refusedBy = -1;
    for (let i = 0; i < counted.length; i++) {
      const limit = counted[i]!;
      limit.readClock();
      const { tick, moment } = limit;
      this.found = i;
      this.place = i;
      const state = limit.cell(call.keys[2 * i]!, call.keys[2 * i + 1]!, tick, moment, this.stays);
      states[i] = state;
      const fits = limit.meter.fits(limit.table.words, state, tick, call.costs[i]!, answer);
      tell(call, i);
      if (fits) continue;
      // Because: a caller that a limit refuses is in use there; the other limits leave their cells as they were.
      limit.touchDecided(state, moment);
      if (refusedBy === -1) refusedBy = i;
    }
    if (refusedBy === -1) {
      for (let i = 0; i < counted.length; i++) {
        const limit = counted[i]!;
        limit.meter.take(limit.table.words, states[i]!, limit.tick, call.costs[i]!);
        limit.touch(states[i]!, limit.moment);
      }
    } else call.correctFigures(this.rules);
    this.unlockSets(call);
    call.refusedBy = refusedBy;
    return refusedBy === -1;
  }

  /** Sorts by table, then by place in it; locks a set that several limits share only once. */
  private lockSets(call: LimitCall): void {
    const { counted, order, stamps } = this;
    for (let i = 0; i < counted.length; i++) {
      let at = i;
      while (at > 0 && this.isBehind(call, order[at - 1]!, i)) {
        order[at] = order[at - 1]!;
        at--;
      }
      order[at] = i;
    }
    for (let n = 0; n < counted.length; n++) {
      const i = order[n]!;
      const { table } = counted[i]!;
      const at = table.lockOf(call.keys[2 * i]!);
      const before = n === 0 ? -1 : order[n - 1]!;
      const shared = before !== -1 && counted[before]!.table === table && table.lockOf(call.keys[2 * before]!) === at;
      stamps[i] = shared ? 0 : lock(table.words, at);
    }
  }

  private unlockSets(call: LimitCall): void {
    const { counted, stamps } = this;
    for (let i = 0; i < counted.length; i++) {
      const { table } = counted[i]!;
      if (stamps[i] !== 0) unlock(table.words, table.lockOf(call.keys[2 * i]!), stamps[i]!);
    }
  }

  private isBehind(call: LimitCall, one: number, other: number): boolean {
    const a = this.counted[one]!.table;
    const b = this.counted[other]!.table;
    if (a !== b) return a.stateWords > b.stateWords;
    return a.lockOf(call.keys[2 * one]!) > b.lockOf(call.keys[2 * other]!);
  }
}

function tell(call: LimitCall, limit: number): void {
  call.remaining[limit] = answer.remaining;
  call.waitMs[limit] = answer.waitMs;
  call.resetMs[limit] = answer.resetMs;
}
