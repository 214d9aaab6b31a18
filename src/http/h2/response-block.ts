// Encodes the head of a response, interim answers and trailers as header blocks (RFC 9113 section 8.3.2). Keeps no table.

import { HeaderId, headerIdOf, headerNames } from '../header-names.ts';
import type { FieldVisitor, Headers } from '../headers.ts';
import { BlockWriter } from './hpack/block-writer.ts';
import { staticNameIndex } from './hpack/static-table.ts';

/** Number of the static field with the name of this `HeaderId`, 0 for none. */
const staticOfId = Uint8Array.from(headerNames, name => (name === '' ? 0 : staticNameIndex(name)));

/** 1 for what says something about an HTTP/1 connection and has no place here (RFC 9113 section 8.2.2). */
const singleHop = new Uint8Array(headerNames.length);
for (const id of [
  HeaderId.connection,
  HeaderId.keepAlive,
  HeaderId.proxyConnection,
  HeaderId.transferEncoding,
  HeaderId.upgrade,
  HeaderId.te,
  HeaderId.http2Settings,
]) {
  singleHop[id] = 1;
}

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

/** One a thread serves: a block is written and then sent or copied at once. */
export class ResponseBlock implements FieldVisitor {
  readonly writer: BlockWriter;

  constructor() {
    this.writer = new BlockWriter();
  }

  /** The final head. */
  head(status: number, headers: Headers): void {
    this.writer.begin();
    this.writer.status(status);
    headers.visit(this);
  }

  /** An interim head; `lines` are field lines, each ended by CRLF. */
  interim(status: number, lines: string): void {
    this.writer.begin();
    this.writer.status(status);
    for (const line of lines.split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) this.fieldText(line.slice(0, colon), line.slice(colon + 1));
    }
  }

  trailers(trailers: Headers): void {
    this.writer.begin();
    trailers.visit(this);
  }

  fieldBytes(id: number, bytes: Buffer, nameStart: number, nameEnd: number, start: number, end: number): void {
    const { writer } = this;
    if (id === HeaderId.other) {
      writer.lineBytes(bytes, nameStart, nameEnd, start, end);
      return;
    }
    if (singleHop[id] === 1) return;
    const known = staticOfId[id]!;
    if (known !== 0) writer.valueBytes(known, bytes, start, end);
    else writer.lineBytes(bytes, nameStart, nameEnd, start, end);
  }

  fieldText(name: string, value: string): void {
    const lower = lowerName(name);
    if (singleHop[headerIdOf(lower)] !== 1) this.writer.field(lower, value.trim());
  }
}
