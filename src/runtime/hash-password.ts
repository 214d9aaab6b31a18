// Hashes of passwords for the command line.

import { hashPassword as make } from '../base/password-hash.ts';

/** As the `basic` filter takes it. */
export function hashPassword(password: string): Promise<string> {
  return make(password);
}
