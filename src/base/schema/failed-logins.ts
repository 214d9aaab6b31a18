// The `failedLogins` setting of identity filters: how many wrong credentials one source may try. src/exchange does the counting.

import { z } from 'zod';

const perMs: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };
const pattern = /^([1-9][0-9]{0,5})\/(s|min|h)$/;
const expected = 'expected off, or a rate such as 30/min';

/** Null means no limit. */
export const failedLogins = z
  .string(expected)
  .refine(text => text === 'off' || pattern.test(text), expected)
  .default('30/min')
  .transform(text => {
    const match = pattern.exec(text);
    return match === null ? null : { count: Number(match[1]), perMs: perMs[match[2]!]! };
  })
  .describe(
    'Wrong credentials that one address (IPv6: one /64) may try, over all workers; beyond it 429 `too_many_failed_logins`, and no new credential from there is verified until the rate allows. Credentials that were verified before pass. `off` for no limit.',
  );

export type FailedLoginsConfig = z.output<typeof failedLogins>;
