// A decoded header block, and a cache of blocks: the same bytes mean the same fields as long as the dynamic table does not change.

import type { Field } from './field.ts';

/** Immutable except for `derived`, where the reader of the block keeps the message that it made from the fields. */
export class FieldBlock<Derived> {
  readonly fields: readonly Field[];
  /** Sum of all fields' sizes in bytes, as limits count them (`Field.size`). */
  readonly size: number;
  /** Whether `size` exceeds the limit. If so, `fields` has only the first fields and the content type; the table is correct anyway. */
  readonly tooLarge: boolean;
  /** Names of fields that came marked as never indexed, without those of credentials, which are always sent on so; null for none. */
  readonly neverIndexed: ReadonlySet<string> | null;
  derived: Derived | null;

  constructor(
    fields: readonly Field[],
    size: number,
    tooLarge: boolean,
    neverIndexed: ReadonlySet<string> | null = null,
  ) {
    this.fields = fields;
    this.size = size;
    this.tooLarge = tooLarge;
    this.neverIndexed = neverIndexed;
    this.derived = null;
  }
}

const SLOTS = 8;
/** Longest block that is kept, in bytes. Longer blocks rarely repeat, or contain text that should not be kept. */
export const KEPT_BLOCK_BYTES_MAX = 512;

interface Kept<Derived> {
  readonly bytes: Buffer;
  readonly generation: number;
  readonly block: FieldBlock<Derived>;
}

/** A cache of a few blocks of one connection, found by their bytes. A slot holds one block: a newer block replaces an older one. */
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

/** The slot of a block: a hash of its length and its last 12 bytes, where paths and ids usually are. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = Math.max(start, end - 12); at < end; at++) hash = (hash * 31 + bytes[at]!) | 0;
  return (hash ^ (hash >> 7) ^ (hash >> 13)) & (SLOTS - 1);
}
