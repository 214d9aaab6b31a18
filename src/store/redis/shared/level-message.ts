// Packs callers for the level script; level-script.ts describes the format.

import type { KnownRule } from './known-rules.ts';
import { CALLER_BYTES, GROUP_BYTES } from './level-script.ts';

const kinds = { gcra: 0, tokenBucket: 0, fixedWindow: 1, slidingWindow: 2, slidingLog: 2 } as const;

/** Numbers of a caller in a list: slot, two words of key, units. */
const CALLER_WORDS = 4;

/** Callers of one limit that are reported together. Numbers in arrays, since each round has hundreds of them. */
export class ReportGroup {
  readonly known: KnownRule;
  /** After an outage: the levels count, the units do not. */
  readonly merges: boolean;
  private readonly callers: number[] = [];
  private readonly levels: number[] = [];

  constructor(known: KnownRule, merges: boolean) {
    this.known = known;
    this.merges = merges;
  }

  /** `level` is the level that this gateway knows, without `units`. */
  add(slot: number, keyLow: number, keyHigh: number, units: number, level: number): void {
    this.callers.push(slot, keyLow, keyHigh, units);
    this.levels.push(level);
  }

  get count(): number {
    return this.levels.length;
  }

  slot(caller: number): number {
    return this.callers[caller * CALLER_WORDS]!;
  }

  keyLow(caller: number): number {
    return this.callers[caller * CALLER_WORDS + 1]!;
  }

  keyHigh(caller: number): number {
    return this.callers[caller * CALLER_WORDS + 2]!;
  }

  units(caller: number): number {
    return this.callers[caller * CALLER_WORDS + 3]!;
  }

  /** Whole units of a level that this gateway did not know of. */
  beyond(caller: number, level: number): number {
    return Math.max(0, Math.floor(level - this.levels[caller]! - this.units(caller) + 1e-3));
  }

  get bytes(): number {
    return GROUP_BYTES + this.count * CALLER_BYTES;
  }

  /** Writes the group at `begin`. Returns where the next group begins. */
  write(into: DataView, begin: number): number {
    const { callers, levels, known, merges } = this;
    const { algorithm, count, perMs, burst } = known.rule;
    into.setUint8(begin, kinds[algorithm]);
    into.setUint8(begin + 1, merges ? 1 : 0);
    into.setFloat64(begin + 2, count, true);
    into.setFloat64(begin + 10, perMs * 1_000, true);
    into.setFloat64(begin + 18, burst, true);
    into.setUint32(begin + 26, levels.length, true);
    let at = begin + GROUP_BYTES;
    for (let n = 0; n < levels.length; n++) {
      into.setInt32(at, callers[n * CALLER_WORDS + 1]!, true);
      into.setInt32(at + 4, callers[n * CALLER_WORDS + 2]!, true);
      into.setUint32(at + 8, callers[n * CALLER_WORDS + 3]!, true);
      into.setFloat32(at + 12, levels[n]!, true);
      at += CALLER_BYTES;
    }
    return at;
  }
}

/** The group for callers of a limit in this message; adds it if it is missing. */
export function groupOf(groups: ReportGroup[], known: KnownRule, merges: boolean): ReportGroup {
  const there = groups.find(group => group.known === known && group.merges === merges);
  if (there !== undefined) return there;
  const group = new ReportGroup(known, merges);
  groups.push(group);
  return group;
}

export function packGroups(groups: readonly ReportGroup[]): Buffer {
  const message = Buffer.alloc(groups.reduce((sum, { bytes }) => sum + bytes, 0));
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  let at = 0;
  for (const group of groups) at = group.write(view, at);
  return message;
}
