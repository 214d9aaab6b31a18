// Durations in the language of filters, as src/config has them for everything else. Becomes milliseconds.

import { z } from 'zod';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const pattern = /^(0|[1-9][0-9]{0,8})(ms|s|m|h)$/;
const expected = 'expected a duration such as 250ms, 30s, 5m or 24h';

/** What the timers of the system can count, and a little less: 24 days. */
const maxMs = 24 * 24 * 3_600_000;

const anyDuration = z
  .string(expected)
  .regex(pattern, expected)
  .transform(text => Number.parseInt(text, 10) * units[/[a-z]+$/.exec(text)![0]])
  .refine(ms => ms <= maxMs, 'expected a duration of at most 576h');

/** A duration longer than nothing. */
export const duration = anyDuration.refine(ms => ms > 0, 'expected a duration longer than 0');

/** A duration that may be 0. */
export const durationOrNone = anyDuration;
