// The time by which answers are kept on one machine: that of its calendar, since the monotonic clock of one thread means nothing to another.

export function nowSeconds(): number {
  // Because: answers are kept for hours, and this is asked once a deferred exchange or poll.
  return Math.floor(Date.now() / 1_000);
}
