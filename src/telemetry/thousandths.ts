// Milliseconds as decimal text with three places, faster than the shortest text of a double.

/** `000` to `999`. */
export const thousandths: readonly string[] = Array.from({ length: 1_000 }, (_, n) => String(n).padStart(3, '0'));

/** Microseconds beyond this would leave the 32-bit integers that the fast way counts in: half an hour. */
const FAST_MAX_MS = 2_000_000;

/** Texts of durations below 8 ms, made on first use: nearly all that a gateway measures, in at most 0.4 MB. */
const REMEMBERED_MICROS = 8_192;
const remembered: string[] = new Array<string>(REMEMBERED_MICROS).fill('');

/** `12.345` for milliseconds, rounded to microseconds; what is negative or not a number gives `0.000`, forever `1e308`. */
export function millisText(ms: number): string {
  if (!(ms > 0)) return '0.000';
  if (ms >= FAST_MAX_MS) return Number.isFinite(ms) ? ms.toFixed(3) : '1e308';
  const micros = (ms * 1_000 + 0.5) | 0;
  if (micros >= REMEMBERED_MICROS) return microsText(micros);
  if (remembered[micros] === '') remembered[micros] = microsText(micros);
  return remembered[micros]!;
}

function microsText(micros: number): string {
  const whole = (micros / 1_000) | 0;
  return `${whole}.${thousandths[micros - whole * 1_000]}`;
}
