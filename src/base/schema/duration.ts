// Durations as people write them: `250ms`, `30s`, `5m`, `24h`. Converts them to milliseconds, and `durationText` converts back.

import { z } from 'zod';
import { expected } from './found.ts';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const pattern = /^(0|[1-9][0-9]{0,8})(ms|s|m|h)$/;
const described = expected('a duration such as 250ms, 30s, 5m or 24h', input => {
  const days = typeof input === 'string' ? /^([1-9][0-9]?)d$/.exec(input)?.[1] : undefined;
  return days === undefined ? '' : `; write ${Number(days) * 24}h`;
});
/** `abort` also stops the checks of the enclosing object, which would otherwise compare the unconverted text with other durations. */
const wrongForm = { ...described, abort: true };

/** A little less than the longest delay of the system's timers: 24 days. */
export const durationMaxMs = 24 * 24 * 3_600_000;

/** Milliseconds of a duration; NaN when the text is not a duration. */
export function parseDuration(text: string): number {
  const match = pattern.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * units[match[2]!]!;
}

const written = z.string(described).regex(pattern, wrongForm).transform(parseDuration);
const tooLong = 'expected a duration of at most 576h';

/** A duration greater than 0, in ms. */
export const duration = written
  .refine(ms => ms > 0, { error: 'expected a duration longer than 0', abort: true })
  .refine(ms => ms <= durationMaxMs, tooLong);

/** A duration in ms that may be 0. Each setting says what 0 means. */
export const durationOrZero = written.refine(ms => ms <= durationMaxMs, tooLong);

/** The duration in the largest unit that gives a whole number: `5m` for 300,000. */
export function durationText(ms: number): string {
  const [unit = 'ms'] = Object.entries(units).findLast(([, each]) => ms >= each && ms % each === 0) ?? [];
  return `${ms / units[unit]!}${unit}`;
}
