// The calendar period that contains a moment: a day, a week, a month, or a month that starts on a given day, in a time zone. Days follow
// the time zone: where clocks are set forward at midnight, a day starts with its first existing hour.

export type PeriodUnit = 'day' | 'week' | 'month';

export interface CalendarPeriod {
  /** The first day: `2026-11-01`. */
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly startMs: number;
  /** The start of the next period, in milliseconds since 1970. */
  readonly endMs: number;
}

/** The period that contains `nowMs`. `startDay`, 1 to 31, applies to months; a month without that day starts on its last. */
export function periodOf(unit: PeriodUnit, startDay: number, timeZone: string, nowMs: number): CalendarPeriod {
  const today = Temporal.Instant.fromEpochMilliseconds(nowMs).toZonedDateTimeISO(timeZone).toPlainDate();
  const [start, end] = bounds(unit, startDay, today);
  return { name: start.toString(), startMs: startOf(start, timeZone), endMs: startOf(end, timeZone) };
}

function bounds(
  unit: PeriodUnit,
  startDay: number,
  today: Temporal.PlainDate,
): [Temporal.PlainDate, Temporal.PlainDate] {
  if (unit === 'day') return [today, today.add({ days: 1 })];
  if (unit === 'week') {
    const monday = today.subtract({ days: today.dayOfWeek - 1 });
    return [monday, monday.add({ weeks: 1 })];
  }
  const month = today.toPlainYearMonth();
  const here = dayIn(month, startDay);
  return Temporal.PlainDate.compare(today, here) >= 0
    ? [here, dayIn(month.add({ months: 1 }), startDay)]
    : [dayIn(month.subtract({ months: 1 }), startDay), here];
}

function dayIn(month: Temporal.PlainYearMonth, day: number): Temporal.PlainDate {
  return month.toPlainDate({ day: Math.min(day, month.daysInMonth) });
}

function startOf(day: Temporal.PlainDate, timeZone: string): number {
  return day.toZonedDateTime(timeZone).startOfDay().epochMilliseconds;
}
