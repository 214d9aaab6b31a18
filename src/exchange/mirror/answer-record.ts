// A response as it is compared: status, some fields, the body up to a limit. One for the live exchange, one for its copy.

import { HeaderId } from '../../http/header-names.ts';
import type { Headers } from '../../http/headers.ts';

export class AnswerRecord {
  readonly status: number;
  /** Of the compared fields, in their order. */
  readonly fields: readonly (string | undefined)[];
  /** `Content-Encoding`; empty when there is none. */
  readonly coding: string;
  /** It came to its end. */
  complete: boolean;
  private readonly pieces: Buffer[];
  private readonly bytesMax: number;
  private bytes: number;

  /** `bytesMax` 0 keeps no body. */
  constructor(status: number, headers: Headers, names: readonly string[], bytesMax: number) {
    this.status = status;
    this.fields = names.map(name => headers.getJoined(name));
    this.coding = headers.getById(HeaderId.contentEncoding) ?? '';
    this.complete = false;
    this.pieces = [];
    this.bytesMax = bytesMax;
    this.bytes = 0;
  }

  push(bytes: Buffer, start: number, end: number): void {
    if (this.bytesMax === 0) return;
    this.bytes += end - start;
    if (this.bytes > this.bytesMax) this.pieces.length = 0;
    // Because: the read buffer is overwritten by the next read.
    else this.pieces.push(Buffer.from(bytes.subarray(start, end)));
  }

  /** As it came; null when it was larger than what is compared. */
  body(): Buffer | null {
    // Because: it is compared as a whole, is bounded, and only sampled exchanges have one.
    return this.bytes > this.bytesMax ? null : Buffer.concat(this.pieces);
  }
}
