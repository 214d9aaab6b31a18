// The Date header's text (RFC 9110 section 5.6.7), made once a second.

let text = '';
let until = 0;

/** Now, as `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function httpDate(): string {
  // Because: a date is wall-clock time, which the monotonic clock is not.
  const now = Date.now();
  if (now >= until) {
    text = new Date(now).toUTCString();
    until = now - (now % 1000) + 1000;
  }
  return text;
}
