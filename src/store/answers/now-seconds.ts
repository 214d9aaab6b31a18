// The time by which workers keep answers together: that of the calendar, since the monotonic clock of one thread means nothing to another.

export function nowSeconds(): number {
  // Because: answers are kept for seconds and more, and this is asked only where one is kept or looked for.
  return Math.floor(Date.now() / 1_000);
}
