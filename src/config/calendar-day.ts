// Days as they are written: 2027-01-31. Knows no clock and no time zone.

/** Whether there is such a day: what reads times takes the 31st of February for one of March. */
export function isCalendarDay(text: string): boolean {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().slice(0, 10) === text;
}
