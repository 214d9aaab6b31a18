// A response as it is compared: status, some fields, the body up to a limit. One for the live exchange, one for its copy.

import { HeaderId } from '../../http/header-names.ts';
import type { Headers } from '../../http/headers.ts';

export class AnswerRecord {
  readonly status: number;
  /** Values of the compared fields, in the order of the names; undefined where the response does not have the field. */
  readonly fields: readonly (string | undefined)[];
  /** `Content-Encoding`; empty when there is none. */
  readonly coding: string;
  /** True once the response was received to its end. */
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

  /** The body as received, in its content coding; null when it was larger than `bytesMax`. */
  body(): Buffer | null {
    // Because: the body is compared as a whole, is bounded, and only sampled exchanges have one.
    return this.bytes > this.bytesMax ? null : Buffer.concat(this.pieces);
  }
}
