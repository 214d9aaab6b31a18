// A recurring part of the week in one time zone. Can be checked for every request: consults the calendar once a minute.

import type { DuringConfig } from './config.ts';
import { weekdays } from './weekdays.ts';

const MINUTE_MS = 60_000;

export class TimeWindow {
  private readonly days: ReadonlySet<number>;
  private readonly from: number;
  private readonly to: number;
  private readonly format: Intl.DateTimeFormat;
  private minute: number;
  private open: boolean;

  constructor({ days, from, to, timeZone }: DuringConfig) {
    this.days = new Set(days.map(day => weekdays.indexOf(day)));
    this.from = from;
    this.to = to;
    this.format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      weekday: 'short',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    this.minute = -1;
    this.open = false;
  }

  /**
   * Whether the window is open at this time, in milliseconds since 1970. Time zone offsets are whole minutes, so one answer holds for a
   * minute.
   */
  isOpen(nowMs: number): boolean {
    const minute = Math.floor(nowMs / MINUTE_MS);
    if (minute !== this.minute) {
      this.minute = minute;
      this.open = this.look(nowMs);
    }
    return this.open;
  }

  private look(nowMs: number): boolean {
    const parts = new Map(this.format.formatToParts(nowMs).map(({ type, value }) => [type, value]));
    const day = weekdays.findIndex(name => name === (parts.get('weekday') ?? '').toLowerCase());
    const at = Number(parts.get('hour')) * 60 + Number(parts.get('minute'));
    const { from, to, days } = this;
    if (from < to) return days.has(day) && at >= from && at < to;
    // The window spans midnight: the evening of a listed day, and the morning of the day after it.
    return (days.has(day) && at >= from) || (days.has((day + 6) % 7) && at < to);
  }
}
