// What is written of the calendar, and what it stands for: a rate such as `10M/month`, a day of the month.

const dayMs = 24 * 3_600_000;
const units: ReadonlyMap<number, 'day' | 'week' | 'month'> = new Map([
  [dayMs, 'day'],
  [7 * dayMs, 'week'],
  [30 * dayMs, 'month'],
]);

/** The period of the calendar that a rate's time stands for; undefined for seconds, minutes and hours. */
export function unitOf(perMs: number): 'day' | 'week' | 'month' | undefined {
  return units.get(perMs);
}

/** The day of the month that a text says; undefined for what is none. */
export function dayOf(text: string | undefined): number | undefined {
  return text !== undefined && /^(0?[1-9]|[12][0-9]|3[01])$/.test(text) ? Number(text) : undefined;
}
