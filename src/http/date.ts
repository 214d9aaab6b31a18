// The value of the Date header (RFC 9110 section 5.6.7), formatted once a second.

const MS_PER_SECOND = 1_000;

let text = '';
let second = -1;

/** The current time in the form `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(): string {
  // Because: a date is wall-clock time, which the monotonic clock is not.
  const now = Math.floor(Date.now() / MS_PER_SECOND);
  // Not only when `now` is later: the system's clock may have been set back.
  if (now !== second) {
    second = now;
    text = new Date(now * MS_PER_SECOND).toUTCString();
  }
  return text;
}
