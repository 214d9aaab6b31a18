// What clients learn about their budget: RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11), Retry-After, and the
// older X-RateLimit fields. Text only.

import type { LimitRule } from '../../store/limiter/limit-rule.ts';
import type { LimitCall } from '../../store/limiter/limiter-store.ts';

const DAY_SECONDS = 86_400;

/** The policies of all limits (section 3 of the draft), which are the same on every response. */
export function policyField(names: readonly string[], rules: readonly LimitRule[]): string {
  return rules
    .map(({ count, perMs, burst }, i) => {
      const extra = burst === count ? '' : `;cardea-burst=${burst}`;
      return `"${names[i]}";q=${count};w=${Math.ceil(perMs / 1_000)}${extra}`;
    })
    .join(', ');
}

/** What is left of each limit (section 4 of the draft). */
export function limitField(names: readonly string[], call: LimitCall): string {
  let field = '';
  for (let i = 0; i < names.length; i++) {
    const until = call.waitMs[i]! > 0 ? call.waitMs[i]! : call.resetMs[i]!;
    field += `${i === 0 ? '"' : ', "'}${names[i]}";r=${call.remaining[i]};t=${wholeSeconds(until)}`;
  }
  return field;
}

/** Seconds until the refused request would be admitted; 0 when it never will be. */
export function retryAfter(call: LimitCall): number {
  let waitMs = 0;
  for (let i = 0; i < call.waitMs.length; i++) waitMs = Math.max(waitMs, call.waitMs[i]!);
  return waitMs === Infinity ? 0 : Math.max(1, wholeSeconds(waitMs));
}

/** The index of the limit with the least left. */
export function tightest(call: LimitCall): number {
  let least = 0;
  for (let i = 1; i < call.remaining.length; i++) if (call.remaining[i]! < call.remaining[least]!) least = i;
  return least;
}

/** Rounds up, since a caller that returns too early is refused again. Infinity becomes 31 days. */
export function wholeSeconds(ms: number): number {
  return ms === Infinity ? 31 * DAY_SECONDS : Math.ceil(ms / 1_000);
}
