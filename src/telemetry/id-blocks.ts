// The ids of a request made here, as the field lines that go upstream: text that is only copied. Ids from outside are not its business.

import { randomFillSync } from 'node:crypto';

// `X-Request-Id: <32 digits>CRLF traceparent: 00-<32 digits>-<16 digits>-03CRLF`
const template = `X-Request-Id: ${'0'.repeat(32)}\r\ntraceparent: 00-${'0'.repeat(32)}-${'0'.repeat(16)}-03\r\n`;

/** Bytes of a block. */
export const ID_BLOCK_BYTES = template.length;
/** Where the ids lie in a block; the first two have 32 digits. */
export const REQUEST_ID_AT = 14;
export const TRACE_ID_AT = REQUEST_ID_AT + 32 + 18;
const SPAN_ID_AT = TRACE_ID_AT + 33;
export const ID_DIGITS = 32;
const SPAN_DIGITS = 16;

const BLOCKS = 64;
const RANDOM_BYTES = (ID_DIGITS * 2 + SPAN_DIGITS) / 2;

/**
 * Makes blocks by the dozen: randomness and digits cost little when drawn in bulk. A batch is never written again, so a
 * block stays as it is for whoever holds its buffer; the batch is freed with its last exchange.
 */
export class IdBlocks {
  /** The batch that the block of the last `take` lies in. */
  bytes: Buffer;
  private next: number;
  private readonly random: Buffer;

  constructor() {
    this.bytes = Buffer.alloc(0);
    this.next = 0;
    this.random = Buffer.allocUnsafeSlow(BLOCKS * RANDOM_BYTES);
  }

  /** Offset of a fresh block in `bytes`. */
  take(): number {
    if (this.next === this.bytes.length) this.refill();
    const at = this.next;
    this.next = at + ID_BLOCK_BYTES;
    return at;
  }

  private refill(): void {
    const digits = randomFillSync(this.random).toString('hex');
    const bytes = Buffer.from(template.repeat(BLOCKS), 'latin1');
    let digit = 0;
    for (let at = 0; at < bytes.length; at += ID_BLOCK_BYTES) {
      bytes.write(digits.slice(digit, digit + 32), at + REQUEST_ID_AT, 'latin1');
      bytes.write(digits.slice(digit + 32, digit + 64), at + TRACE_ID_AT, 'latin1');
      bytes.write(digits.slice(digit + 64, digit + 80), at + SPAN_ID_AT, 'latin1');
      digit += 80;
    }
    this.bytes = bytes;
    this.next = 0;
  }
}
