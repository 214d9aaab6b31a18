// The period of the calendar that a written rate stands for: `10M/month`.

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
