// Assembles a header block from HEADERS and CONTINUATION frames (RFC 9113 section 4.3), within limits.

import { ErrorCode } from './error-code.ts';

const nothing = Buffer.alloc(0);
/** Largest number of CONTINUATION frames per block. A block in more pieces than its size explains is an attack (CVE-2024-27316). */
const CONTINUATIONS_MAX = 64;

export class BlockGatherer {
  /** Largest size of a block in its compressed form, in bytes. */
  private readonly bytesMax: number;
  /** Id of the stream whose block is being gathered; 0 when there is none. */
  stream: number;
  endStream: boolean;
  private bytes: Buffer;
  private length: number;
  private continuations: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
    this.stream = 0;
    this.endStream = false;
    this.bytes = nothing;
    this.length = 0;
    this.continuations = 0;
  }

  /** Starts a block with the fragment in HEADERS. Returns 0, or the error code that ends the connection. */
  begin(stream: number, endStream: boolean, bytes: Buffer, start: number, end: number): number {
    this.stream = stream;
    this.endStream = endStream;
    this.length = 0;
    this.continuations = 0;
    return this.append(bytes, start, end);
  }

  /** Appends the fragment in a CONTINUATION frame. Returns as `begin` does. */
  add(bytes: Buffer, start: number, end: number): number {
    return ++this.continuations > CONTINUATIONS_MAX ? ErrorCode.enhanceYourCalm : this.append(bytes, start, end);
  }

  /** Returns the whole block and lets go of it. */
  take(): Buffer {
    const whole = this.bytes.subarray(0, this.length);
    this.stream = 0;
    this.bytes = nothing;
    return whole;
  }

  private append(bytes: Buffer, start: number, end: number): number {
    const needed = this.length + end - start;
    if (needed > this.bytesMax) return ErrorCode.enhanceYourCalm;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(this.bytesMax, needed * 2));
      this.bytes.copy(larger, 0, 0, this.length);
      this.bytes = larger;
    }
    bytes.copy(this.bytes, this.length, start, end);
    this.length = needed;
    return 0;
  }
}
