// Ids of requests. Not of traces: those follow W3C rules, see trace-context.ts.

import { randomHex } from '../base/random-hex.ts';

/** A new id: 32 lower-case hex digits, 128 random bits. Unique and impossible to guess; not a secret, since it is logged and sent. */
export function newRequestId(): string {
  return randomHex(32);
}

const visible = /^[\x21-\x7e]{1,128}$/;

/** Whether an id from outside may be used: visible ASCII, at most 128 characters. It is logged and sent on as it is. */
export function isRequestId(text: string): boolean {
  return visible.test(text);
}
