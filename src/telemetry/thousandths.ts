// Decimal text of milliseconds with three places, faster than a double's shortest text.

/** `000` to `999`. */
export const thousandths: readonly string[] = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(3, '0'));

/** Beyond this a double holds no exact thousandths as a 32-bit integer: 24 days would overflow, 35 minutes is enough for the fast way. */
const FAST_MAX_MS = 2_000_000;

/** `12.345` for milliseconds, rounded to microseconds; what is negative or not a number gives `0.000`, forever `1e308`. */
export function millisText(ms: number): string {
  if (!(ms > 0)) return '0.000';
  if (ms >= FAST_MAX_MS) return Number.isFinite(ms) ? ms.toFixed(3) : '1e308';
  const micros = (ms * 1_000 + 0.5) | 0;
  const whole = (micros / 1_000) | 0;
  return `${whole}.${thousandths[micros - whole * 1_000]}`;
}
