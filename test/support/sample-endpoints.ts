// Endpoints for the tests of balancers and for bench/micro, and counts of picks.

import type { Balanced, Balancer } from '../../src/upstream/balance/balanced.ts';

export interface SampleEndpoint extends Balanced {
  readonly key: string;
  readonly weight: number;
  inFlight: number;
  available: boolean;
  backup?: boolean;
}

/** One idle, available endpoint for each weight. */
export function sampleEndpoints(weights: readonly number[]): SampleEndpoint[] {
  return weights.map((weight, i) => ({ key: `http://10.0.0.${i + 1}:8080`, weight, inFlight: 0, available: true }));
}

/** How often each endpoint is picked in `picks` picks. */
export function countPicks(
  balancer: Balancer<SampleEndpoint>,
  endpoints: readonly SampleEndpoint[],
  picks: number,
  hashOf: (n: number) => number = () => 0,
): number[] {
  const counts = new Map<SampleEndpoint | undefined, number>();
  for (let n = 0; n < picks; n++) {
    const picked = balancer.pick(hashOf(n), null);
    counts.set(picked, (counts.get(picked) ?? 0) + 1);
  }
  return endpoints.map(endpoint => counts.get(endpoint) ?? 0);
}

/** Pearson's chi-square statistic of the counts against shares in proportion to weight. */
export function chiSquare(counts: readonly number[], weights: readonly number[]): number {
  const picks = counts.reduce((sum, count) => sum + count, 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return counts.reduce((sum, count, i) => {
    const expected = (picks * weights[i]!) / total;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
}
