// Calendar units in the configuration: which unit a rate such as `10M/month` means, and the day of the month that a text means.

const dayMs = 24 * 3_600_000;
const units: ReadonlyMap<number, 'day' | 'week' | 'month'> = new Map([
  [dayMs, 'day'],
  [7 * dayMs, 'week'],
  [30 * dayMs, 'month'],
]);

/** The calendar unit that the time of a rate stands for; undefined for seconds, minutes and hours. */
export function unitOf(perMs: number): 'day' | 'week' | 'month' | undefined {
  return units.get(perMs);
}

/** The day of the month that a text names; undefined when it names none. */
export function dayOf(text: string | undefined): number | undefined {
  return text !== undefined && /^(0?[1-9]|[12][0-9]|3[01])$/.test(text) ? Number(text) : undefined;
}
