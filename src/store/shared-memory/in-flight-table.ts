// What is in progress at once, by key, over all threads. Each thread counts in a word of its own, so that the count of a dead thread
// can be told from those of others.

import { KeyedHash } from '../../base/keyed-hash.ts';
import type { InFlightLimit, InFlightStore } from '../limiter/in-flight-store.ts';
import { CellTable, momentOf } from './cell-table.ts';
import type { SharedMemory } from './local-limiter.ts';
import { beatNow, GENERATION_MASK, MEMBERS_BYTES, MEMBERS_MAX, Members } from './members.ts';
import { lock, unlock } from './set-lock.ts';

/** A member's word has its generation and its count, with enough bits for a `concurrency` of a million. */
const COUNT_BITS = 20;
const COUNT_MASK = (1 << COUNT_BITS) - 1;

const MEMBERS_TABLE = 'members in flight';
const hash = new KeyedHash();

/** The tables that in-flight limits need, with `bytes` for the keys. */
export function inFlightTables(bytes: number): { name: string; bytes: number }[] {
  return [
    { name: MEMBERS_TABLE, bytes: MEMBERS_BYTES },
    { name: keysTable(bytes), bytes },
  ];
}

function keysTable(bytes: number): string {
  return `in flight in ${bytes} bytes`;
}

export class LocalInFlightStore implements InFlightStore {
  private readonly table: CellTable;
  private readonly members: Members;

  constructor(memory: SharedMemory, bytes: number) {
    const name = keysTable(bytes);
    const cells = memory.sharedTable(name);
    const places = memory.sharedTable(MEMBERS_TABLE);
    this.table = memory.lasting(name, () => new CellTable(cells, MEMBERS_MAX), cells);
    this.members = memory.lasting(MEMBERS_TABLE, () => new Members(places), places);
  }

  open(identity: string, max: number): LocalInFlightLimit {
    return new LocalInFlightLimit(this.table, this.members, identity, max);
  }
}

export class LocalInFlightLimit implements InFlightLimit {
  readonly max: number;
  readonly hashKeys: Int32Array;
  inFlight = 0;
  private readonly table: CellTable;
  private readonly members: Members;
  private nowBeat = 0;
  private readonly isHeld = (state: number): boolean => this.count(state) > 0;

  constructor(table: CellTable, members: Members, identity: string, max: number) {
    this.table = table;
    this.members = members;
    this.max = max;
    hash.text(table.header.hashKeyLow, table.header.hashKeyHigh, `in flight ${identity}`);
    this.hashKeys = Int32Array.of(hash.low, hash.high);
  }

  /** Also -1 when all cells of the key's set are in use, which takes very many callers at once. */
  enter(keyLow: number, keyHigh: number): number {
    const { table, members } = this;
    const { words } = table;
    this.nowBeat = beatNow();
    const moment = momentOf(this.nowBeat * 100);
    const lockAt = table.lockOf(keyLow);
    const stamp = lock(words, lockAt);
    const ticket = this.enterLocked(keyLow, keyHigh, moment);
    unlock(words, lockAt, stamp);
    return ticket === -1 ? -1 : ticket * (GENERATION_MASK + 1) + members.generation;
  }

  /** Needs no lock: only this thread writes the word, and a cell that is held stays. */
  leave(ticket: number): void {
    const state = Math.floor(ticket / (GENERATION_MASK + 1));
    const generation = ticket % (GENERATION_MASK + 1);
    const at = state + this.members.ownSlot;
    const word = Atomics.load(this.table.words, at);
    // Because: a thread that was taken for dead has a new place, and what it held in the old one no longer counts.
    if (generation !== this.members.generation || word >>> COUNT_BITS !== generation || (word & COUNT_MASK) === 0)
      return;
    Atomics.sub(this.table.words, at, 1);
  }

  private enterLocked(keyLow: number, keyHigh: number, moment: number): number {
    const { table, members } = this;
    const { words } = table;
    let state = table.find(keyLow, keyHigh);
    if (state === -1) {
      state = table.vacate(keyLow, moment, this.isHeld);
      if (state === -1) return -1;
      words.fill(0, state, state + MEMBERS_MAX);
      table.assignKey(state, keyLow, keyHigh, moment, 0);
    }
    table.touch(state, moment, 0);
    this.inFlight = this.count(state);
    if (this.inFlight >= this.max) return -1;
    this.inFlight++;
    const at = state + members.ownSlot;
    const word = Atomics.load(words, at);
    const held = word >>> COUNT_BITS === members.generation ? word & COUNT_MASK : 0;
    Atomics.store(words, at, (members.generation << COUNT_BITS) | (held + 1));
    return state;
  }

  /** Number in progress for a cell, over all threads that are alive. */
  private count(state: number): number {
    const { members, nowBeat } = this;
    const { words } = this.table;
    let count = 0;
    for (let slot = 0; slot < MEMBERS_MAX; slot++) {
      const word = Atomics.load(words, state + slot);
      if ((word & COUNT_MASK) === 0) continue;
      if (members.generationAt(slot, nowBeat) === word >>> COUNT_BITS) count += word & COUNT_MASK;
    }
    return count;
  }
}
