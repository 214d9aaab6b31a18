// Rates as people write them: `100/s`, `1000/min`, `5000/h`, `10M/month`. Becomes a count and a time.

import { z } from 'zod';
import type { RateConfig } from './config.ts';
import { expected } from './found.ts';

const dayMs = 24 * 3_600_000;
/** A month counts as 30 days. */
const periods: Readonly<Record<string, number>> = {
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  day: dayMs,
  week: 7 * dayMs,
  month: 30 * dayMs,
};
const multiples: Readonly<Record<string, number>> = { '': 1, k: 1_000, M: 1_000_000, G: 1_000_000_000 };
const pattern = /^([1-9][0-9]{0,8})([kMG]?)\/(s|min|h|day|week|month)$/;
const described = expected('a rate such as 100/s, 1000/min, 5000/h, 50k/day or 10M/month');

/** Null when the text is not a rate. */
export function parseRate(text: string): RateConfig | null {
  const match = pattern.exec(text);
  if (match === null) return null;
  return { count: Number(match[1]) * multiples[match[2]!]!, perMs: periods[match[3]!]! };
}

export const rate = z
  .string(described)
  .regex(pattern, described)
  // Because: the pattern has passed, so there is a rate.
  .transform(text => parseRate(text)!);
