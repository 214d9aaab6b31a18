// Writes the fields of a head, from any HTTP version, into a header block, without connection-specific fields (RFC 9113 section 8.2.2).

import { HeaderId, headerIdOf, headerNames } from '../header-names.ts';
import type { FieldVisitor } from '../headers.ts';
import { trimOptionalWhitespace } from '../optional-whitespace.ts';
import { BlockWriter } from './hpack/block-writer.ts';
import { staticNameIndex } from './hpack/static-table.ts';

/** Index in HPACK's static table of the first field with this `HeaderId`'s name; 0 for none. */
const staticOfId = Uint8Array.from(headerNames, name => (name === '' ? 0 : staticNameIndex(name)));

/** Names of text fields in lower case, by the name as given. Filters use few and short names; callers use any, and must not fill the memory. */
const lowered = new Map<string, string>();
const LOWERED_MAX = 1024;
const LOWERED_LETTERS_MAX = 64;

function lowerName(name: string): string {
  let lower = lowered.get(name);
  if (lower === undefined) {
    lower = name.toLowerCase();
    if (lowered.size < LOWERED_MAX && name.length <= LOWERED_LETTERS_MAX) lowered.set(name, lower);
  }
  return lower;
}

/** A mask by `HeaderId` with 1 for each connection-specific field of HTTP/1, and for each id in `more`. */
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
  /** Names of the fields of this block that get the mark of literals never indexed, besides credentials; null for none. */
  private neverIndexed: ReadonlySet<string> | null;

  /** `skipped` has 1 for each `HeaderId` that is not written. */
  constructor(skipped: Uint8Array) {
    this.writer = new BlockWriter();
    this.skipped = skipped;
    this.neverIndexed = null;
  }

  /** Begins a block. `neverIndexed` is that of the message whose fields follow (`Headers.neverIndexed`). */
  beginBlock(neverIndexed: ReadonlySet<string> | null): void {
    this.neverIndexed = neverIndexed;
    this.writer.begin();
  }

  /** Writes a field as it is. `name` in lower case, a pseudo-header field's too. */
  field(name: string, value: string): void {
    if (this.neverIndexed?.has(name)) this.writer.neverIndexed(name, value);
    else this.writer.field(name, value);
  }

  /** Writes fields given as lines, each ended by CRLF. */
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
    if (this.skipped[headerIdOf(lower)] !== 1) this.field(lower, trimOptionalWhitespace(value));
  }
}
