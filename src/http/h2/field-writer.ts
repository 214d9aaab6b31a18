// Writes the fields of a head, from any source, into a header block. Leaves out what concerns one HTTP/1 connection (RFC 9113 section 8.2.2).

import { HeaderId, headerIdOf, headerNames } from '../header-names.ts';
import type { FieldVisitor } from '../headers.ts';
import { trimOptionalWhitespace } from '../optional-whitespace.ts';
import { BlockWriter } from './hpack/block-writer.ts';
import { staticNameIndex } from './hpack/static-table.ts';

/** Number of the static field with the name of this `HeaderId`, 0 for none. */
const staticOfId = Uint8Array.from(headerNames, name => (name === '' ? 0 : staticNameIndex(name)));

/** Names that filters gave, in lower case: there are few. */
const lowered = new Map<string, string>();
const LOWERED_MAX = 1024;

function lowerName(name: string): string {
  let lower = lowered.get(name);
  if (lower === undefined) {
    lower = name.toLowerCase();
    if (lowered.size < LOWERED_MAX) lowered.set(name, lower);
  }
  return lower;
}

/** A mask over `HeaderId` of fields that HTTP/2 never has, and these. */
export function leftOut(...more: readonly number[]): Uint8Array {
  const mask = new Uint8Array(headerNames.length);
  for (const id of [
    HeaderId.connection,
    HeaderId.keepAlive,
    HeaderId.proxyConnection,
    HeaderId.transferEncoding,
    HeaderId.upgrade,
    HeaderId.te,
    HeaderId.http2Settings,
    ...more,
  ]) {
    mask[id] = 1;
  }
  return mask;
}

export class FieldWriter implements FieldVisitor {
  readonly writer: BlockWriter;
  private readonly skipped: Uint8Array;

  /** `skipped` is 1 for each `HeaderId` that is passed over. */
  constructor(skipped: Uint8Array) {
    this.writer = new BlockWriter();
    this.skipped = skipped;
  }

  /** Field lines as text, each ended by CRLF. */
  lines(text: string): void {
    for (const line of text.split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) this.fieldText(line.slice(0, colon), line.slice(colon + 1));
    }
  }

  fieldBytes(id: number, bytes: Buffer, nameStart: number, nameEnd: number, start: number, end: number): void {
    const { writer } = this;
    if (id === HeaderId.other) {
      writer.lineBytes(bytes, nameStart, nameEnd, start, end);
      return;
    }
    if (this.skipped[id] === 1) return;
    const known = staticOfId[id]!;
    if (known !== 0) writer.valueBytes(known, bytes, start, end);
    else writer.lineBytes(bytes, nameStart, nameEnd, start, end);
  }

  fieldText(name: string, value: string): void {
    const lower = lowerName(name);
    if (this.skipped[headerIdOf(lower)] !== 1) this.writer.field(lower, trimOptionalWhitespace(value));
  }
}
