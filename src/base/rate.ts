// Rates as people write them: `100/s`, `1000/min`, `5/15min`, `10M/month`. Converts them to a count and a time; counts nothing.

export const dayMs = 24 * 3_600_000;
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

/** `count` events in `perMs` milliseconds. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** The count, and the time: one unit, or several seconds, minutes or hours. */
export const ratePattern = /^([1-9][0-9]{0,8})([kMG]?)\/(?:([1-9][0-9]{0,4})?(s|min|h)|(day|week|month))$/;

export const rateExpected = 'a rate such as 100/s, 1000/min, 5/15min, 50k/day or 10M/month';

/** Other notations of a rate: `100r/s`, `60/minute`, `60 per minute`, `60rpm`. */
const otherNotation =
  /^([1-9][0-9]{0,8}[kMG]?) ?(?:r|req|requests)? ?(?:\/| per |p) ?(s|sec|second|m|min|minute|h|hr|hour|d|day|w|week|mo|month)s?$/;

const unitNames: Readonly<Record<string, string>> = {
  ...{ s: 's', sec: 's', second: 's', m: 'min', min: 'min', minute: 'min', h: 'h', hr: 'h', hour: 'h' },
  ...{ d: 'day', day: 'day', w: 'week', week: 'week', mo: 'month', month: 'month' },
};

/** The end of a message about a rate in another notation: what to write. Empty for anything else. */
export function rateHint(input: unknown): string {
  const match = typeof input === 'string' ? otherNotation.exec(input) : null;
  return match === null ? '' : `; write ${match[1]}/${unitNames[match[2]!]}`;
}

/** Whether the text is a rate of zero, which is not valid: it would let nothing through. */
export function isZeroRate(text: string): boolean {
  return /^0+[kMG]?\//.test(text);
}

/** Null when the text is not a rate, or when several seconds, minutes or hours make a day or more: those have units of their own. */
export function parseRate(text: string): Rate | null {
  const match = ratePattern.exec(text);
  if (match === null) return null;
  const [, digits, multiple, times, part, whole] = match;
  const perMs = periods[(part ?? whole)!]! * Number(times ?? 1);
  if (times !== undefined && perMs >= dayMs) return null;
  return { count: Number(digits) * multiples[multiple!]!, perMs };
}

/** The rate as text, such as `1000/min` or `5/15min`; undefined when `perMs` cannot be written. */
export function rateText({ count, perMs }: Rate): string | undefined {
  const time = rateTimeText(perMs);
  return time === undefined ? undefined : `${count}/${time}`;
}

/** The time of a rate as it stands behind the slash, such as `min` or `15min`; undefined when it cannot be written. */
export function rateTimeText(perMs: number): string | undefined {
  const [unit, ms = 1] = Object.entries(periods).findLast(([, each]) => perMs % each === 0) ?? [];
  if (unit === undefined || perMs === ms) return unit;
  return perMs < dayMs ? `${perMs / ms}${unit}` : undefined;
}

/** The name of one of several rates: `default-s`, `default-15min`. A rate that stands alone has the name itself. */
export function rateName(name: string, { perMs }: Rate, isAlone: boolean): string {
  return isAlone ? name : `${name}-${rateTimeText(perMs) ?? `${perMs}ms`}`;
}
