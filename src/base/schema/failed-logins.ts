// The `failedLogins` setting of identity filters: how many wrong credentials one source may try. src/exchange does the counting.

import { z } from 'zod';
import { parseRate, type Rate } from '../rate.ts';

const COUNT_MAX = 999_999;
const DAY_MS = 24 * 3_600_000;
const expected = `expected off, or a rate such as 30/min or 10/15min, with at most ${COUNT_MAX} in a time below 24h`;

/** Null when the text is not a rate that can be counted here. */
function attemptRate(text: string): Rate | null {
  const rate = parseRate(text);
  return rate !== null && rate.count <= COUNT_MAX && rate.perMs < DAY_MS ? rate : null;
}

/** Null means no limit. */
export const failedLogins = z
  .string(expected)
  .refine(text => text === 'off' || attemptRate(text) !== null, expected)
  .default('30/min')
  .transform(attemptRate)
  .describe(
    'Wrong credentials that one address (IPv6: one /64) may try, over all workers; beyond it 429 `too_many_failed_logins`, and no new credential from there is verified until the rate allows. Credentials that were verified before pass. `off` for no limit.',
  );

export type FailedLoginsConfig = z.output<typeof failedLogins>;
