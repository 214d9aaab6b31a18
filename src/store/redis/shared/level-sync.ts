// Keeps one gateway's limits in step with the other gateways: reports to Redis what was admitted here, learns each caller's level across
// all gateways, and charges here what the others admitted. Runs in the supervisor. While Redis is away it charges what the others are
// likely to admit, so that each gateway keeps to its share.

import { isBucket } from '../../limiter/limit-rule.ts';
import { LimitCall } from '../../limiter/limiter-store.ts';
import type { RedisStore } from '../redis-store.ts';
import { type ReturnWatch, watchForReturn } from '../return-watch.ts';
import { askLevels, levelKeys } from './ask-levels.ts';
import type { GatewayRoll } from './gateway-roll.ts';
import { type KnownRule, KnownRules, levelHere } from './known-rules.ts';
import { groupOf, packGroups, type ReportGroup } from './level-message.ts';
import { LEVEL_BYTES } from './level-script.ts';
import { Refusals } from './refusals.ts';
import { SlotBook } from './slot-book.ts';
import { SlotSweep } from './slot-sweep.ts';
import { ROUND_MS_MIN, SyncPace, unreportedMax } from './sync-pace.ts';
import { partOf, STORE_PARTS, type UseTable } from './use-table.ts';

/** Most callers reported in one script: Redis does nothing else while a script runs. */
const CALLERS_A_SCRIPT = 512;
/** Redis is away after this many rounds without an answer. Rounds, not time: a thread that is held up hears nobody. */
const PATIENCE_ROUNDS = 6;

export interface LevelSyncParts {
  readonly store: RedisStore;
  readonly table: UseTable;
  readonly roll: GatewayRoll;
  /** Called when Redis goes away or comes back. */
  readonly onAvailability: (available: boolean) => void;
  /** Called when all messages are answered, so that nothing is to be watched until the next round. */
  readonly onAnswered: () => void;
}

export class LevelSync {
  /** The limits that workers count. */
  readonly rules = new KnownRules();
  /** Gateways that are alive, including this one. */
  gateways = 1;
  readonly refusals: Refusals;
  private readonly parts: LevelSyncParts;
  private readonly book: SlotBook;
  private readonly call = new LimitCall(1);
  private readonly keyStarts: readonly string[];
  private waiting: number[] = [];
  private underWay = 0;
  private waited = 0;
  private epoch = 0;
  private away = true;
  private watch: ReturnWatch | null = null;
  private readonly pace = new SyncPace();
  private readonly sweep: SlotSweep;
  private stopped = false;

  constructor(parts: LevelSyncParts) {
    this.parts = parts;
    this.book = new SlotBook(parts.table.slots);
    this.sweep = new SlotSweep(parts.table, this.book);
    const { keyPrefix, kind } = parts.store.spec;
    this.refusals = new Refusals(parts.roll, kind, parts.table);
    // In a cluster, limits are spread over this many slots. The number is the same for all gateways.
    const count = kind === 'redisCluster' ? STORE_PARTS : 1;
    this.keyStarts = Array.from({ length: count }, (_, part) => `${keyPrefix}s{${part}}:`);
    parts.table.setAway(true);
    this.waiting = this.sweep.takeOver();
  }

  /** Milliseconds until the next round: few while an answer is awaited or Redis is away. */
  get nextMs(): number {
    return this.away || this.underWay > 0 ? ROUND_MS_MIN : this.pace.waitMs;
  }

  /** One round; the next one is due `nextMs` later. */
  round(nowMs: number): void {
    if (this.stopped) return;
    this.collect();
    this.sweep.go(nowMs);
    const { store } = this.parts;
    const answers = store.available && this.refusals.storeRefusal === null;
    if (this.away && answers && this.epoch === 0) this.comeBack();
    if (this.away) {
      if (answers && this.watch === null) this.awaitReturn();
      this.goAlone();
    } else if (!answers || (this.underWay > 0 && ++this.waited > PATIENCE_ROUNDS)) {
      this.leave();
      this.goAlone();
    } else if (this.underWay === 0) this.report(nowMs);
  }

  stop(): void {
    this.stopped = true;
    this.watch?.stop();
  }

  // ---- While Redis answers -------------------------------------------------------------------------------------------

  private report(nowMs: number): void {
    const { book, parts, keyStarts } = this;
    const { table } = parts;
    const later: number[] = [];
    const groups = keyStarts.map((): ReportGroup[] => []);
    const counts = keyStarts.map(() => 0);
    const { pace } = this;
    let known: KnownRule | undefined;
    let group: ReportGroup | undefined;
    let groupPart = -1;
    for (const slot of this.waiting) {
      // Most callers have the same limit as the caller before.
      const tag = table.rule(slot);
      if (known?.tag !== tag) known = this.rules.get(tag);
      const part = keyStarts.length === 1 ? 0 : partOf(table.keyHigh(slot));
      if (known === undefined || counts[part]! >= CALLERS_A_SCRIPT || !this.isDue(slot, known, nowMs)) {
        later.push(slot);
        continue;
      }
      counts[part]!++;
      book.setWaiting(slot, false);
      const merges = book.epoch(slot) !== this.epoch;
      if (group?.known !== known || group.merges !== merges || groupPart !== part) {
        group = groupOf(groups[part]!, known, merges);
        groupPart = part;
      }
      const units = this.takeCaller(slot, group);
      const lastAt = book.lastReportedAt(slot);
      pace.note(book.isHot(slot), units, lastAt === 0 ? pace.waitMs : nowMs - lastAt, unreportedMax(known.size));
      book.noteReport(slot, nowMs);
    }
    this.waiting = later;
    pace.next(later.length);
    this.waited = 0;
    for (const [part, here] of groups.entries()) if (here.length > 0) this.send(part, here, nowMs);
  }

  private isDue(slot: number, { size }: KnownRule, nowMs: number): boolean {
    const { book, parts } = this;
    const lastAt = book.lastReportedAt(slot);
    return (
      lastAt === 0 ||
      book.epoch(slot) !== this.epoch ||
      book.isHot(slot) ||
      nowMs - lastAt >= this.pace.calmMs ||
      parts.table.units(slot) >= unreportedMax(size)
    );
  }

  /** Reads the level before taking the units: units that are added in between are then reported once only. */
  private takeCaller(slot: number, group: ReportGroup): number {
    const { table } = this.parts;
    const keyLow = table.keyLow(slot);
    const keyHigh = table.keyHigh(slot);
    const level = levelHere(group.known, keyLow, keyHigh);
    const taken = table.take(slot);
    const units = group.merges ? 0 : taken;
    group.add(slot, keyLow, keyHigh, units, Math.max(0, level - units));
    return units;
  }

  private send(part: number, groups: readonly ReportGroup[], nowMs: number): void {
    const keyStart = this.keyStarts[part]!;
    const { store, roll } = this.parts;
    const client = store.driver;
    if (client === null) return;
    // A separate message would cost this thread as much as the round; in a cluster the roll lies on another server.
    const calls = store.spec.kind === 'redis' && roll.goesAlong(nowMs);
    const keys = calls ? [keyStart, roll.key] : levelKeys(keyStart, store.spec.kind);
    const message = packGroups(groups);
    const { epoch } = this;
    this.underWay++;
    const done = (levels: Buffer | string | null) => {
      // Because: an answer that comes after an outage describes a time that is over.
      if (epoch !== this.epoch || this.stopped) return;
      this.underWay--;
      if (Buffer.isBuffer(levels)) {
        this.refusals.partCounted(part);
        const read = this.learn(groups, levels, nowMs);
        if (calls) roll.hear(levels.readUInt32LE(read));
      } else {
        this.refusals.partFailed(part, levels);
        this.miss(groups);
      }
      if (this.underWay === 0) this.parts.onAnswered();
    };
    void askLevels(client, keys, message, calls ? roll.id : '').then(done);
  }

  /** A cluster's server did not answer: its callers are reported again, and until then the other gateways' use is estimated. */
  private miss(groups: readonly ReportGroup[]): void {
    const { book } = this;
    for (const group of groups) {
      for (let caller = 0; caller < group.count; caller++) {
        const slot = group.slot(caller);
        const others = book.estimateOthers(slot, group.units(caller), this.gateways);
        this.charge(group.known, group.keyLow(caller), group.keyHigh(caller), others);
        book.setEpoch(slot, -1);
        if (book.isWaiting(slot)) continue;
        book.setWaiting(slot, true);
        this.waiting.push(slot);
      }
    }
  }

  private charge({ limiter }: KnownRule, keyLow: number, keyHigh: number, units: number): void {
    if (units === 0) return;
    const { call } = this;
    call.keys[0] = keyLow;
    call.keys[1] = keyHigh;
    limiter.charge(call, 0, units);
  }

  /** Takes the levels from an answer. Returns how many bytes of it they occupied. */
  private learn(groups: readonly ReportGroup[], answer: Buffer, nowMs: number): number {
    const { book } = this;
    const levels = new DataView(answer.buffer, answer.byteOffset, answer.length);
    let at = 0;
    for (const group of groups) {
      const { known } = group;
      for (let caller = 0; caller < group.count; caller++) {
        const level = levels.getFloat32(at, true);
        const total = levels.getFloat32(at + 4, true);
        at += LEVEL_BYTES;
        const others = isBucket(known.rule)
          ? group.beyond(caller, level)
          : this.sinceLast(group, caller, level, total, nowMs);
        book.learn(group.slot(caller), nowMs, this.epoch, level / known.size, group.units(caller), others);
        this.charge(known, group.keyLow(caller), group.keyHigh(caller), others);
      }
    }
    return at;
  }

  /**
   * Units that the others added to a window since the last exchange. Where the total cannot tell, those beyond what this gateway knows: at the
   * first exchange, after an outage or a whole period, and where the total is lower than before, since it wrapped around or began anew.
   */
  private sinceLast(group: ReportGroup, caller: number, level: number, total: number, nowMs: number): number {
    const { book } = this;
    const { rule, size } = group.known;
    const slot = group.slot(caller);
    const added = total - book.total(slot) - group.units(caller);
    book.setTotal(slot, total);
    const tells = added >= 0 && !group.merges && nowMs - book.lastReportedAt(slot) <= rule.perMs;
    return tells ? added : group.beyond(caller, Math.min(level, size));
  }

  // ---- While Redis does not answer ----------------------------------------------------------------------------------

  private leave(): void {
    this.away = true;
    this.parts.table.setAway(true);
    this.parts.onAvailability(false);
  }

  private awaitReturn(): void {
    const { store } = this.parts;
    this.watch = watchForReturn(
      () => (store.available ? store.anyNode : null),
      () => {
        this.watch = null;
        if (store.available && this.refusals.storeRefusal === null && !this.stopped) this.comeBack();
      },
    );
  }

  /** Starts a new epoch: levels are reported anew, since Redis may have lost them, and what was admitted meanwhile has partly drained. */
  private comeBack(): void {
    this.epoch++;
    this.underWay = 0;
    this.away = false;
    this.parts.table.setAway(false);
    this.parts.onAvailability(true);
  }

  private goAlone(): void {
    const { book, parts } = this;
    const { table } = parts;
    for (const slot of this.waiting) {
      const known = this.rules.get(table.rule(slot));
      if (known === undefined) continue;
      const others = book.estimateOthers(slot, table.take(slot), this.gateways);
      this.charge(known, table.keyLow(slot), table.keyHigh(slot), others);
    }
    // Waiting slots stay in the list: they are reported first when Redis is back.
  }

  // ---- Slots ---------------------------------------------------------------------------------------------------------

  private collect(): void {
    const { book, parts } = this;
    const { table } = parts;
    for (let slot = table.next(); slot !== -1; slot = table.next()) {
      this.sweep.add(slot);
      if (book.isWaiting(slot)) continue;
      book.setWaiting(slot, true);
      // Redis did not miss any use of a caller that is new here.
      if (book.lastReportedAt(slot) === 0 && !this.away) book.setEpoch(slot, this.epoch);
      this.waiting.push(slot);
    }
  }
}
