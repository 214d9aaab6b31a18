// The ids made for a request, as the header lines that go upstream: text that is only copied. Ids from outside are handled elsewhere.

import { randomFillSync } from 'node:crypto';

// `X-Request-Id: <32 digits>CRLF traceparent: 00-<32 digits>-<16 digits>-03CRLF`
const template = `X-Request-Id: ${'0'.repeat(32)}\r\ntraceparent: 00-${'0'.repeat(32)}-${'0'.repeat(16)}-03\r\n`;

/** Bytes of a block. */
export const ID_BLOCK_BYTES = template.length;
/** Offsets of the ids in a block; the request id and the trace id have 32 digits. */
export const REQUEST_ID_AT = 14;
export const TRACE_ID_AT = REQUEST_ID_AT + 32 + 18;
const SPAN_ID_AT = TRACE_ID_AT + 33;
export const ID_DIGITS = 32;
const SPAN_DIGITS = 16;

const BLOCKS = 64;
const BLOCK_RANDOM_BYTES = (ID_DIGITS * 2 + SPAN_DIGITS) / 2;
/** For how many batches random bytes are drawn at once: a call costs as much as some thousand bytes. */
const BATCHES_A_DRAWING = 4;

const templates = Buffer.from(template.repeat(BLOCKS), 'latin1');
/** The two hex digits of each byte, to be written at once. */
const digitPairs = Uint16Array.from({ length: 256 }, (_, byte) =>
  Buffer.from(byte.toString(16).padStart(2, '0')).readUInt16BE(),
);

/** Blocks that were made together. Both members are the same memory: one to be copied as text, one to be read by the word. */
export interface IdBatch {
  readonly bytes: Buffer;
  readonly view: DataView;
}

/**
 * Makes 64 blocks at once: randomness and memory cost little when drawn in bulk. A batch is never written again, so a block stays unchanged
 * for as long as its buffer is held; the batch is freed with its last exchange.
 */
export class IdBlocks {
  /** The batch that contains the block of the last `take`. */
  batch: IdBatch;
  private next: number;
  private readonly random: Buffer;
  private randomAt: number;

  constructor() {
    this.batch = batchOver(Buffer.alloc(0));
    this.next = 0;
    this.random = Buffer.allocUnsafeSlow(BATCHES_A_DRAWING * BLOCKS * BLOCK_RANDOM_BYTES);
    this.randomAt = this.random.length;
  }

  /** Takes a fresh block and returns its offset in `batch`. */
  take(): number {
    if (this.next === this.batch.bytes.length) this.refill();
    const at = this.next;
    this.next = at + ID_BLOCK_BYTES;
    return at;
  }

  private refill(): void {
    const { random } = this;
    const batch = batchOver(Buffer.allocUnsafeSlow(templates.length));
    const { bytes, view } = batch;
    templates.copy(bytes);
    if (this.randomAt === random.length) {
      randomFillSync(random);
      this.randomAt = 0;
    }
    let from = this.randomAt;
    for (let at = 0; at < bytes.length; at += ID_BLOCK_BYTES) {
      writeDigits(view, at + REQUEST_ID_AT, random, from, ID_DIGITS / 2);
      writeDigits(view, at + TRACE_ID_AT, random, from + ID_DIGITS / 2, ID_DIGITS / 2);
      writeDigits(view, at + SPAN_ID_AT, random, from + ID_DIGITS, SPAN_DIGITS / 2);
      from += BLOCK_RANDOM_BYTES;
    }
    this.randomAt = from;
    this.batch = batch;
    this.next = 0;
  }
}

function batchOver(bytes: Buffer): IdBatch {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) };
}

/** Writes `count` random bytes as twice as many hex digits. By a table: making, cutting and writing strings costs four times as much. */
function writeDigits(view: DataView, at: number, random: Buffer, from: number, count: number): void {
  for (let i = 0; i < count; i++) view.setUint16(at + i * 2, digitPairs[random[from + i]!]!);
}
