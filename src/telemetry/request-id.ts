// Ids of requests. Not of traces: those follow W3C rules, see trace-context.ts.

import { randomHex } from '../base/random-hex.ts';

/** A new id: 32 lower-case hex digits, 128 random bits. Unique and not to be guessed; no secret, since it is logged and sent. */
export function newRequestId(): string {
  return randomHex(32);
}
