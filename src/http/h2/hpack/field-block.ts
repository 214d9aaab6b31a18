// A decoded header block, and a cache of repeated blocks: the same bytes mean the same as long as the table does not change.

import type { Field } from './field.ts';

/** Immutable but for `derived`, where its reader keeps what it made of the fields. */
export class FieldBlock<Derived> {
  readonly fields: readonly Field[];
  /** Sum of the fields' sizes, as limits count them. */
  readonly size: number;
  /** More than was allowed: `fields` are the first ones and the content type, the tables are right nonetheless. */
  readonly tooLarge: boolean;
  derived: Derived | null;

  constructor(fields: readonly Field[], size: number, tooLarge: boolean) {
    this.fields = fields;
    this.size = size;
    this.tooLarge = tooLarge;
    this.derived = null;
  }
}

const SLOTS = 8;
/** Longer blocks rarely repeat, or contain what should not be kept. */
export const KEPT_BLOCK_BYTES_MAX = 512;

interface Kept<Derived> {
  readonly bytes: Buffer;
  readonly generation: number;
  readonly block: FieldBlock<Derived>;
}

/** A few blocks of one connection, found by their bytes. A place holds one block: a newer one replaces an older one. */
export class BlockMemory<Derived> {
  private readonly slots: (Kept<Derived> | null)[] = [null, null, null, null, null, null, null, null];

  find(bytes: Buffer, start: number, end: number, generation: number): FieldBlock<Derived> | null {
    const kept = this.slots[slotOf(bytes, start, end)]!;
    if (kept === null || kept.generation !== generation || kept.bytes.length !== end - start) return null;
    const { bytes: known } = kept;
    for (let i = 0, at = start; at < end; i++, at++) if (known[i] !== bytes[at]) return null;
    return kept.block;
  }

  keep(bytes: Buffer, start: number, end: number, generation: number, block: FieldBlock<Derived>): void {
    this.slots[slotOf(bytes, start, end)] = { bytes: Buffer.from(bytes.subarray(start, end)), generation, block };
  }

  forget(): void {
    this.slots.fill(null);
  }
}

/** By the length and the last bytes, where paths and ids stand. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = Math.max(start, end - 12); at < end; at++) hash = (hash * 31 + bytes[at]!) | 0;
  return (hash ^ (hash >> 7) ^ (hash >> 13)) & (SLOTS - 1);
}
