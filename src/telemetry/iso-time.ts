// Timestamps of log lines: ISO 8601 in UTC with milliseconds. Formats only; the caller chooses the clock.

const MS_PER_SECOND = 1_000;

/** `000` to `999`. */
const thousandths: readonly string[] = Array.from({ length: MS_PER_SECOND }, (_, n) => String(n).padStart(3, '0'));

let lastMs = -1;
let lastText = '';
let lastSecond = -1;
let secondText = '';

/** `2026-11-21T06:17:13.042Z` for milliseconds since 1970; a fraction is cut off. Cheap when called with rising times. */
export function isoTime(epochMs: number): string {
  const ms = Math.floor(epochMs);
  if (ms === lastMs) return lastText;
  const second = Math.floor(ms / MS_PER_SECOND);
  if (second !== lastSecond) {
    secondText = new Date(second * MS_PER_SECOND).toISOString().slice(0, 20);
    lastSecond = second;
  }
  lastText = `${secondText}${thousandths[ms - second * MS_PER_SECOND]}Z`;
  lastMs = ms;
  return lastText;
}
