// Offsets of metric blocks as one text: posting a map of a thousand names costs both threads milliseconds, posting a text almost nothing,
// and most configurations have the names of the last one.

import type { BlockOffsets } from './metric-registry.ts';

const packed = new WeakMap<BlockOffsets, { readonly size: number; readonly text: string }>();

/** The text is made anew only when there are more names: names are never removed. */
export function packOffsets(offsets: BlockOffsets): string {
  let known = packed.get(offsets);
  if (known?.size !== offsets.size) {
    known = { size: offsets.size, text: JSON.stringify([...offsets]) };
    packed.set(offsets, known);
  }
  return known.text;
}

/** Unpacks texts, one per kind of block. The same text as last time gives the same map. */
export class OffsetsUnpacker {
  private readonly last = new Map<string, { readonly text: string; readonly offsets: BlockOffsets }>();

  unpack(kind: string, text: string): BlockOffsets {
    const known = this.last.get(kind);
    if (known?.text === text) return known.offsets;
    // Because: `packOffsets` wrote this text.
    const offsets: BlockOffsets = new Map(JSON.parse(text) as [string, number][]);
    this.last.set(kind, { text, offsets });
    return offsets;
  }
}
