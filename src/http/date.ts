// The Date header's text (RFC 9110 section 5.6.7), made once a second.

const MS_PER_SECOND = 1_000;

let text = '';
let second = -1;

/** Now, as `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(): string {
  // Because: a date is wall-clock time, which the monotonic clock is not.
  const now = Math.floor(Date.now() / MS_PER_SECOND);
  // Not only a later one: the clock may have been set back.
  if (now !== second) {
    second = now;
    text = new Date(now * MS_PER_SECOND).toUTCString();
  }
  return text;
}
