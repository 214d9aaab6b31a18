// Calendar days as text: 2027-01-31. Knows no clock and no time zone.

/** Whether the day exists. `Date.parse` alone would take the 31st of February for a day in March. */
export function isCalendarDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text;
}
