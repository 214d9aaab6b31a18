// Password hashes for the command line.

import { hashPassword as make } from '../base/password-hash.ts';

/** The hash in the form that the `basic` filter expects. */
export function hashPassword(password: string): Promise<string> {
  return make(password);
}
