// Charges here what the other gateways use: what Redis tells of it or, where Redis does not answer, as much as is likely.

import { isBucket } from '../../limiter/limit-rule.ts';
import { LimitCall } from '../../limiter/limiter-store.ts';
import type { KnownRule } from './known-rules.ts';
import type { ReportGroup } from './level-message.ts';
import { LEVEL_BYTES } from './level-script.ts';
import type { SlotBook } from './slot-book.ts';

export class OthersUse {
  /** Gateways that are alive, including this one. */
  gateways = 1;
  private readonly book: SlotBook;
  private readonly call = new LimitCall(1);

  constructor(book: SlotBook) {
    this.book = book;
  }

  /** Takes the levels from an answer to what was reported in this epoch. Returns how many bytes of it they occupied. */
  learn(groups: readonly ReportGroup[], answer: Buffer, epoch: number, nowMs: number): number {
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
        book.learn(group.slot(caller), nowMs, epoch, level / known.size, group.units(caller), others);
        this.charge(known, group.keyLow(caller), group.keyHigh(caller), others);
      }
    }
    return at;
  }

  /** Charges a caller with what the others probably used beside these units. */
  estimate(known: KnownRule, slot: number, keyLow: number, keyHigh: number, units: number): void {
    this.charge(known, keyLow, keyHigh, this.book.estimateOthers(slot, units, this.gateways));
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

  private charge({ limiter }: KnownRule, keyLow: number, keyHigh: number, units: number): void {
    if (units === 0) return;
    const { call } = this;
    call.keys[0] = keyLow;
    call.keys[1] = keyHigh;
    limiter.charge(call, 0, units);
  }
}
