// Encodes the head of a response, interim answers and trailers as header blocks (RFC 9113 section 8.3.2). Keeps no table.

import type { Headers } from '../headers.ts';
import { FieldWriter, leftOut } from './field-writer.ts';

const skipped = leftOut();

/** One a thread serves: a block is written and then sent or copied at once. */
export class ResponseBlock extends FieldWriter {
  constructor() {
    super(skipped);
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
    this.lines(lines);
  }

  trailers(trailers: Headers): void {
    this.writer.begin();
    trailers.visit(this);
  }
}
