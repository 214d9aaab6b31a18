// Encodes the heads of final and interim responses, and trailers, as header blocks (RFC 9113 section 8.3.2). Uses no dynamic table.

import type { Headers } from '../headers.ts';
import { FieldWriter, leftOut } from './field-writer.ts';

const skipped = leftOut();

/** One object per thread is enough: each block is sent or copied as soon as it is written. */
export class ResponseBlock extends FieldWriter {
  constructor() {
    super(skipped);
  }

  /** Writes the head of the final response. */
  head(status: number, headers: Headers): void {
    this.beginBlock(headers.neverIndexed);
    this.writer.status(status);
    headers.visit(this);
  }

  /** Writes the head of an interim response. `lines` are field lines, each ended by CRLF. */
  interim(status: number, lines: string): void {
    this.beginBlock(null);
    this.writer.status(status);
    this.lines(lines);
  }

  trailers(trailers: Headers): void {
    this.beginBlock(trailers.neverIndexed);
    trailers.visit(this);
  }
}
