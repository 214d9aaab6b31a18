// Packs callers for the level script and reads its answer: see level-script.ts for the format.

import type { LimitRule } from '../../limiter/limit-rule.ts';
import { CALLER_BYTES, GROUP_BYTES } from './level-script.ts';

/** A caller of whom Redis is told. */
export interface ToldCaller {
  readonly slot: number;
  readonly keyLow: number;
  readonly keyHigh: number;
  readonly units: number;
  /** Level as this gateway knows it, without the units. */
  readonly known: number;
}

/** Callers of one limit, told together. */
export interface ToldGroup {
  /** See `ruleTag`. */
  readonly tag: number;
  readonly rule: LimitRule;
  /** Behind an outage: levels count, units do not. */
  readonly merges: boolean;
  readonly callers: ToldCaller[];
}

const kinds = { gcra: 0, tokenBucket: 0, fixedWindow: 1, slidingWindow: 2, slidingLog: 2 } as const;

/** The group of a limit in which callers are told now, made where it is missing. */
export function groupOf(
  groups: Map<string, ToldGroup>,
  { tag, rule }: Pick<ToldGroup, 'tag' | 'rule'>,
  merges: boolean,
): ToldGroup {
  const name = `${tag}${merges ? '!' : ''}`;
  let group = groups.get(name);
  if (group === undefined) {
    group = { tag, rule, merges, callers: [] };
    groups.set(name, group);
  }
  return group;
}

export function packGroups(groups: readonly ToldGroup[]): Buffer {
  let size = 0;
  for (const { callers } of groups) size += GROUP_BYTES + callers.length * CALLER_BYTES;
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { rule, merges, callers } of groups) {
    bytes[at] = kinds[rule.algorithm];
    bytes[at + 1] = merges ? 1 : 0;
    bytes.writeDoubleLE(rule.count, at + 2);
    bytes.writeDoubleLE(rule.perMs * 1_000, at + 10);
    bytes.writeDoubleLE(rule.burst, at + 18);
    bytes.writeUInt32LE(callers.length, at + 26);
    at += GROUP_BYTES;
    for (const { keyLow, keyHigh, units, known } of callers) {
      bytes.writeInt32LE(keyLow, at);
      bytes.writeInt32LE(keyHigh, at + 4);
      bytes.writeUInt32LE(units, at + 8);
      bytes.writeFloatLE(known, at + 12);
      at += CALLER_BYTES;
    }
  }
  return bytes;
}

/** Whole units of a level that a gateway does not know of. */
export function beyond(level: number, { known, units }: ToldCaller): number {
  return Math.max(0, Math.floor(level - known - units + 1e-3));
}

/** Null for an answer of another kind. */
export function bytesOf(reply: unknown): Buffer | null {
  return Buffer.isBuffer(reply) ? reply : null;
}
