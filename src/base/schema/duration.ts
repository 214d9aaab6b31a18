// Durations as people write them: `250ms`, `30s`, `5m`, `24h`. Becomes milliseconds; `durationText` writes them again.

import { z } from 'zod';
import { expected } from './found.ts';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const pattern = /^(0|[1-9][0-9]{0,8})(ms|s|m|h)$/;
const described = expected('a duration such as 250ms, 30s, 5m or 24h');
/** Ends the check of what it is a part of, where it would be compared with others as the text that it is. */
const wrongForm = { ...described, abort: true };

/** What the timers of the system can count, and a little less: 24 days. */
export const durationMaxMs = 24 * 24 * 3_600_000;

/** Milliseconds of a duration; NaN when it is not one. */
export function parseDuration(text: string): number {
  const match = pattern.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * units[match[2]!]!;
}

const written = z.string(described).regex(pattern, wrongForm).transform(parseDuration);
const tooLong = 'expected a duration of at most 576h';

/** A duration longer than nothing. */
export const duration = written
  .refine(ms => ms > 0, { error: 'expected a duration longer than 0', abort: true })
  .refine(ms => ms <= durationMaxMs, tooLong);

/** A duration for which 0 means that there is no limit. */
export const durationOrNone = written.refine(ms => ms <= durationMaxMs, tooLong);

/** In the largest unit of which it is a whole number: `5m` for 300,000. */
export function durationText(ms: number): string {
  const [unit = 'ms'] = Object.entries(units).findLast(([, each]) => ms >= each && ms % each === 0) ?? [];
  return `${ms / units[unit]!}${unit}`;
}
