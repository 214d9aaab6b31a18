// Rates as people write them: `100/s`, `1000/min`, `5000/h`, `10M/month`. Converts them to a count and a time; counts nothing.

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

/** `count` events in `perMs` milliseconds. */
export interface Rate {
  readonly count: number;
  readonly perMs: number;
}

export const ratePattern = /^([1-9][0-9]{0,8})([kMG]?)\/(s|min|h|day|week|month)$/;

export const rateExpected = 'a rate such as 100/s, 1000/min, 5000/h, 50k/day or 10M/month';

/** Whether the text is a rate of zero, which is not valid: it would let nothing through. */
export function isZeroRate(text: string): boolean {
  return /^0+[kMG]?\//.test(text);
}

/** Null when the text is not a rate. */
export function parseRate(text: string): Rate | null {
  const match = ratePattern.exec(text);
  if (match === null) return null;
  return { count: Number(match[1]) * multiples[match[2]!]!, perMs: periods[match[3]!]! };
}

/** The rate as text, such as `1000/min`; undefined when `perMs` is none of the units. */
export function rateText({ count, perMs }: Rate): string | undefined {
  const unit = Object.keys(periods).find(name => periods[name] === perMs);
  return unit === undefined ? undefined : `${count}/${unit}`;
}
