// Finds rates and quotas of one plan that never refuse anything, because the others admit no more: the operator meant something else.

import { dayMs, rateText } from '../../base/rate.ts';
import { budgetContradictions } from '../../base/schema/budget-contradictions.ts';
import type { RateConfig } from '../config.ts';

/** The algorithms that may count a plan's rates. */
const algorithms = ['gcra', 'tokenBucket', 'slidingWindow', 'fixedWindow'] as const;

const oneEach = { each: 1, routes: {}, responseHeader: null };

/** What is wrong with rates, by index. A rate is needless if it is so with each of the algorithms. */
export function needlessRates(rates: readonly RateConfig[]): ReadonlyMap<number, string> {
  const found = algorithms.map(
    algorithm =>
      new Set(
        budgetContradictions(
          rates.map((rate, at) => ({
            name: '',
            rate,
            burst: rate.count,
            algorithm,
            by: [],
            fallback: 'ip' as const,
            cost: oneEach,
            plan: false,
            path: [at],
          })),
        ).map(({ path: [at] }) => at),
      ),
  );
  return messages(rates, at => found.every(indices => indices.has(at)));
}

/** What is wrong with quotas, by index. */
export function needlessQuotas(quotas: readonly RateConfig[]): ReadonlyMap<number, string> {
  return messages(quotas, (at, quota) =>
    quotas.some((other, index) => {
      if (index === at) return false;
      const most = other.count * periodsWithin(quota.perMs, other.perMs);
      // Because: of two equal quotas, only the later one is reported.
      return other.perMs === quota.perMs && most === quota.count ? index < at : most <= quota.count;
    }),
  );
}

const weekMs = 7 * dayMs;

/** How many periods of one length a period of the calendar may touch: a month of 31 days has days of six weeks, and a week of two months. */
function periodsWithin(perMs: number, eachMs: number): number {
  if (eachMs === perMs || perMs === dayMs) return 1;
  if (eachMs === dayMs) return perMs === weekMs ? 7 : 31;
  return perMs === weekMs ? 2 : 6;
}

function messages(
  rates: readonly RateConfig[],
  isNeedless: (at: number, rate: RateConfig) => boolean,
): ReadonlyMap<number, string> {
  const told = new Map<number, string>();
  for (const [at, rate] of rates.entries()) {
    if (!isNeedless(at, rate)) continue;
    const others = rates.filter((_, index) => index !== at).map(rateText);
    told.set(
      at,
      `${rateText(rate)} can never be the one that refuses, beside ${others.join(' and ')} of the same plan`,
    );
  }
  return told;
}
