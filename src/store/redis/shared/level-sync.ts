// Keeps one gateway's limits in step with the other gateways: reports to Redis what was admitted here, learns each caller's level across
// all gateways, and charges here what the others admitted. Runs in the supervisor. While a part of Redis is away it charges what the others
// are likely to admit there, so that each gateway keeps to its share.

import type { RedisStore } from '../redis-store.ts';
import { askLevels, levelKeys } from './ask-levels.ts';
import type { GatewayRoll } from './gateway-roll.ts';
import { type KnownRule, KnownRules, levelHere } from './known-rules.ts';
import { groupOf, packGroups, type ReportGroup } from './level-message.ts';
import { OthersUse } from './others-use.ts';
import { Refusals } from './refusals.ts';
import { SlotBook } from './slot-book.ts';
import { SlotSweep } from './slot-sweep.ts';
import { ROUND_MS_MIN, SyncPace, unreportedMax } from './sync-pace.ts';
import { SyncPart } from './sync-part.ts';
import { partOf, STORE_PARTS, type UseTable } from './use-table.ts';

/** Most callers reported in one script: Redis does nothing else while a script runs. */
const CALLERS_A_SCRIPT = 512;

export interface LevelSyncParts {
  readonly store: RedisStore;
  readonly table: UseTable;
  readonly roll: GatewayRoll;
  /** Called when Redis goes away as a whole, and when a part of it comes back. */
  readonly onAvailability: (available: boolean) => void;
  /** Called when all messages are answered, so that nothing is to be watched until the next round. */
  readonly onAnswered: () => void;
}

export class LevelSync {
  /** The limits that workers count. */
  readonly rules = new KnownRules();
  readonly refusals: Refusals;
  private readonly outside: LevelSyncParts;
  private readonly book: SlotBook;
  private readonly others: OthersUse;
  private readonly parts: readonly SyncPart[];
  private readonly pace = new SyncPace();
  private readonly sweep: SlotSweep;
  /** Not before this time are callers reported again. */
  private reportAtMs = 0;
  private stopped = false;

  constructor(outside: LevelSyncParts) {
    this.outside = outside;
    this.book = new SlotBook(outside.table.slots);
    this.others = new OthersUse(this.book);
    this.sweep = new SlotSweep(outside.table, this.book);
    const { keyPrefix, kind } = outside.store.spec;
    this.refusals = new Refusals(outside.roll, kind, outside.table);
    // In a cluster, limits are spread over this many slots. The number is the same for all gateways.
    const count = kind === 'redisCluster' ? STORE_PARTS : 1;
    this.parts = Array.from({ length: count }, (_, number) => new SyncPart(number, `${keyPrefix}s{${number}}:`));
    outside.table.setAway(true);
    for (const slot of this.sweep.takeOver()) this.partWith(slot).waiting.push(slot);
  }

  /** How many gateways are alive, including this one. */
  set gateways(gateways: number) {
    this.others.gateways = gateways;
  }

  /** Milliseconds until the next round: few while an answer is awaited or a part is away. */
  get nextMs(): number {
    return this.parts.some(part => part.isAway || part.underWay !== null) ? ROUND_MS_MIN : this.pace.waitMs;
  }

  /** One round; the next one is due `nextMs` later. */
  round(nowMs: number): void {
    if (this.stopped) return;
    this.collect();
    this.sweep.go(nowMs);
    const wasAway = this.isAway;
    for (const part of this.parts) this.look(part);
    // A round may come a little early.
    if (nowMs >= this.reportAtMs - ROUND_MS_MIN / 2) this.report(nowMs);
    if (this.isAway !== wasAway) this.outside.onAvailability(wasAway);
  }

  stop(): void {
    this.stopped = true;
  }

  private get isAway(): boolean {
    return this.parts.every(part => part.isAway);
  }

  // ---- Where Redis answers -------------------------------------------------------------------------------------------

  private report(nowMs: number): void {
    if (this.parts.every(part => part.isAway || part.underWay !== null)) return;
    const { pace } = this;
    let left = 0;
    const messages: [SyncPart, readonly ReportGroup[]][] = [];
    for (const part of this.parts) {
      if (part.isAway) continue;
      const groups = part.underWay === null ? this.groupsOf(part, nowMs) : [];
      left += part.waiting.length;
      if (groups.length > 0) messages.push([part, groups]);
    }
    this.reportAtMs = nowMs + pace.next(left);
    for (const [part, groups] of messages) this.send(part, groups, nowMs);
  }

  /** Takes the callers of a part that are due; the others go on waiting. */
  private groupsOf(part: SyncPart, nowMs: number): readonly ReportGroup[] {
    const { book, pace } = this;
    const { table } = this.outside;
    const later: number[] = [];
    const groups: ReportGroup[] = [];
    let count = 0;
    let known: KnownRule | undefined;
    let group: ReportGroup | undefined;
    for (const slot of part.waiting) {
      // Most callers have the same limit as the caller before.
      const tag = table.rule(slot);
      if (known?.tag !== tag) known = this.rules.get(tag);
      if (known === undefined || count >= CALLERS_A_SCRIPT || !this.isDue(part, slot, known, nowMs)) {
        later.push(slot);
        continue;
      }
      count++;
      book.setWaiting(slot, false);
      const merges = book.epoch(slot) !== part.epoch;
      if (group?.known !== known || group.merges !== merges) group = groupOf(groups, known, merges);
      const units = this.takeCaller(slot, group);
      const lastAt = book.lastReportedAt(slot);
      pace.note(book.isHot(slot), units, lastAt === 0 ? pace.waitMs : nowMs - lastAt, unreportedMax(known.size));
      book.noteReport(slot, nowMs);
    }
    part.waiting = later;
    return groups;
  }

  private isDue({ epoch }: SyncPart, slot: number, { size }: KnownRule, nowMs: number): boolean {
    const { book, outside } = this;
    const lastAt = book.lastReportedAt(slot);
    return (
      lastAt === 0 ||
      book.epoch(slot) !== epoch ||
      book.isHot(slot) ||
      nowMs - lastAt >= this.pace.calmMs ||
      outside.table.units(slot) >= unreportedMax(size)
    );
  }

  /** Reads the level before taking the units: units that are added in between are then reported once only. */
  private takeCaller(slot: number, group: ReportGroup): number {
    const { table } = this.outside;
    const keyLow = table.keyLow(slot);
    const keyHigh = table.keyHigh(slot);
    const level = levelHere(group.known, keyLow, keyHigh);
    const taken = table.take(slot);
    const units = group.merges ? 0 : taken;
    group.add(slot, keyLow, keyHigh, units, Math.max(0, level - units));
    return units;
  }

  private send(part: SyncPart, groups: readonly ReportGroup[], nowMs: number): void {
    const { keyStart, number, epoch } = part;
    const { store, roll } = this.outside;
    const client = store.driver;
    if (client === null) return;
    // A separate message would cost this thread as much as the round; in a cluster the roll lies on another server.
    const calls = store.spec.kind === 'redis' && roll.goesAlong(nowMs);
    const keys = calls ? [keyStart, roll.key] : levelKeys(keyStart, store.spec.kind);
    part.noteSent(groups);
    const done = (levels: Buffer | string | null) => {
      if (!part.noteAnswered(groups) || this.stopped) return;
      if (Buffer.isBuffer(levels)) {
        this.refusals.partCounted(number);
        const read = this.others.learn(groups, levels, epoch, nowMs);
        if (calls) roll.hear(levels.readUInt32LE(read));
      } else {
        this.refusals.partFailed(number, levels);
        this.miss(part, groups);
      }
      if (this.parts.every(({ underWay }) => underWay === null)) this.outside.onAnswered();
    };
    void askLevels(client, keys, packGroups(groups), calls ? roll.id : '').then(done);
  }

  /** What was sent was not counted, as far as is known: its callers are reported again, and until then the others' use is estimated. */
  private miss(part: SyncPart, groups: readonly ReportGroup[]): void {
    const { book } = this;
    for (const group of groups) {
      for (let caller = 0; caller < group.count; caller++) {
        const slot = group.slot(caller);
        const units = group.units(caller);
        this.others.estimate(group.known, slot, group.keyLow(caller), group.keyHigh(caller), units);
        book.setEpoch(slot, -1);
        if (book.isWaiting(slot)) continue;
        book.setWaiting(slot, true);
        part.waiting.push(slot);
      }
    }
  }

  // ---- Where Redis does not answer -----------------------------------------------------------------------------------

  /** Leaves a part that does not answer, or comes back to it. */
  private look(part: SyncPart): void {
    const { store } = this.outside;
    const isLate = part.noteRound();
    // Because: the other users of the store need not wait for it either, and the store notices its return.
    if (isLate) store.noteSilence(part.keyStart);
    const answers = !isLate && this.refusals.storeRefusal === null && store.answersFor(part.keyStart);
    if (answers && part.isAway) this.comeBack(part);
    if (!answers && !part.isAway) this.leave(part);
    if (part.isAway) this.goAlone(part);
  }

  private leave(part: SyncPart): void {
    this.miss(part, part.leave());
    this.refusals.partLeft(part.number);
  }

  private comeBack(part: SyncPart): void {
    part.comeBack();
    this.refusals.partReturned(part.number);
    this.reportAtMs = 0;
  }

  private goAlone({ waiting }: SyncPart): void {
    const { table } = this.outside;
    for (const slot of waiting) {
      const known = this.rules.get(table.rule(slot));
      if (known === undefined) continue;
      this.others.estimate(known, slot, table.keyLow(slot), table.keyHigh(slot), table.take(slot));
    }
    // Waiting slots stay in the list: they are reported first when the part is back.
  }

  // ---- Slots ---------------------------------------------------------------------------------------------------------

  private collect(): void {
    const { book, outside } = this;
    const { table } = outside;
    for (let slot = table.next(); slot !== -1; slot = table.next()) {
      this.sweep.add(slot);
      if (book.isWaiting(slot)) continue;
      const part = this.partWith(slot);
      book.setWaiting(slot, true);
      // Redis did not miss any use of a caller that is new here.
      if (book.lastReportedAt(slot) === 0 && !part.isAway) book.setEpoch(slot, part.epoch);
      part.waiting.push(slot);
    }
  }

  private partWith(slot: number): SyncPart {
    const { parts } = this;
    return parts[parts.length === 1 ? 0 : partOf(this.outside.table.keyHigh(slot))]!;
  }
}
