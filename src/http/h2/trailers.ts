// Reads the header block after a body (RFC 9113 section 8.1): fields as in a head, without pseudo-header fields.

import { flatText } from '../../base/latin1.ts';
import { HeaderId } from '../header-names.ts';
import { Headers } from '../headers.ts';
import { FieldFlaw } from './hpack/field.ts';
import type { FieldBlock } from './hpack/field-block.ts';

/** The fields; null when the block is malformed or too large. `allowedTrailers` removes those that are not allowed in trailers. */
export function readTrailers(block: FieldBlock<unknown>): Headers | null {
  if (block.tooLarge) return null;
  const index: number[] = [];
  let lines = '';
  for (const { id, name, value, flaw } of block.fields) {
    if (id < 0 || flaw !== FieldFlaw.none || (id >= HeaderId.transferEncoding && id <= HeaderId.proxyConnection))
      return null;
    const valueAt = lines.length + name.length + 2;
    index.push(id, lines.length, valueAt, valueAt + value.length);
    lines = `${lines}${name}: ${value}\r\n`;
  }
  const text = flatText(lines);
  const trailers = new Headers(text, null, 0, index, text.length);
  trailers.neverIndexed = block.neverIndexed;
  return trailers;
}
