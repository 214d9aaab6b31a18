// Random hex digits for the cost of a slice: bytes from the system's generator are converted to text in bulk.

import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4_096;
const POOL_DIGITS = POOL_BYTES * 2;

const pool = Buffer.allocUnsafeSlow(POOL_BYTES);
let digits = '';
let next = POOL_DIGITS;

/**
 * `length` lower-case hex digits of cryptographic randomness, never returned twice. `length` is at most 64. The string is a slice of the
 * pool, so a caller that keeps it for long keeps 8 KiB alive.
 */
export function randomHex(length: number): string {
  let start = next;
  if (start + length > POOL_DIGITS) {
    digits = randomFillSync(pool).toString('hex');
    start = 0;
  }
  next = start + length;
  return digits.slice(start, next);
}
