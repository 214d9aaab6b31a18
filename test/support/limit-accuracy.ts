// Measures the accuracy of limits that several gateways share, with the load of each case. For the short test and the long command.

import { type LimitGateway, limitRule, openLimitGateway } from './limit-gateway.ts';
import { offer } from './limit-load.ts';
import { redisSpec } from './store-spec.ts';

export interface AccuracyCase {
  readonly name: string;
  readonly mode: 'shared' | 'exact';
  /** Units per second, which is also the burst. */
  readonly count: number;
  /** Offered load as a multiple of the limit. */
  readonly factor: number;
  /** Share of the load on each gateway. */
  readonly weights: readonly number[];
  /** Number of callers with equal load; one when left out. */
  readonly callers?: number;
  /** Whether one gateway leaves halfway and another one joins. */
  readonly changes?: boolean;
}

export const accuracyCases: readonly AccuracyCase[] = [
  { name: '3 gateways, even', mode: 'shared', count: 100, factor: 2, weights: [1, 1, 1] },
  { name: '4 gateways, even', mode: 'shared', count: 100, factor: 2, weights: [1, 1, 1, 1] },
  { name: '4 gateways, 90/10', mode: 'shared', count: 100, factor: 2, weights: [90, 4, 3, 3] },
  { name: '4 gateways, 1,000/s', mode: 'shared', count: 1_000, factor: 2, weights: [1, 1, 1, 1] },
  {
    name: '3 gateways, one leaves, one joins',
    mode: 'shared',
    count: 100,
    factor: 2,
    weights: [1, 1, 1],
    changes: true,
  },
  { name: '4 gateways, 10/s', mode: 'shared', count: 10, factor: 2, weights: [1, 1, 1, 1] },
  { name: '3 gateways, 10/s, 90/10', mode: 'shared', count: 10, factor: 2, weights: [90, 5, 5] },
  { name: '3 gateways, 10/s, 64 callers', mode: 'shared', count: 10, factor: 2, weights: [1, 1, 1], callers: 64 },
  {
    name: '3 gateways at 90 % of 10/s, 64 callers',
    mode: 'shared',
    count: 10,
    factor: 0.9,
    weights: [1, 1, 1],
    callers: 64,
  },
  { name: '4 gateways at 90 % of the limit', mode: 'shared', count: 100, factor: 0.9, weights: [1, 1, 1, 1] },
  { name: '4 gateways at 90 % of the limit, 90/10', mode: 'shared', count: 100, factor: 0.9, weights: [90, 4, 3, 3] },
  { name: '3 gateways at 90 % of 10/s', mode: 'shared', count: 10, factor: 0.9, weights: [1, 1, 1] },
  { name: 'exact, 3 gateways, even', mode: 'exact', count: 100, factor: 2, weights: [1, 1, 1] },
  { name: 'exact, 4 gateways, 90/10', mode: 'exact', count: 100, factor: 2, weights: [90, 4, 3, 3] },
];

export interface Accuracy {
  readonly offered: number;
  readonly admitted: number;
  /** Units that each caller was allowed. */
  readonly allowed: number;
  /** Units admitted beyond `allowed`, of the caller with most; negative when fewer were admitted. */
  readonly over: number;
  /** The same, averaged over all callers. */
  readonly overOnAverage: number;
  /** Units of the limit that fall into standstills of the thread, in which the gateways neither send nor receive counts. */
  readonly standstill: number;
}

/** Runs one case for `forMs` against the Redis on this port; cases may run in parallel. */
export async function accuracyOf(
  { name, mode, count, factor, weights, changes = false, callers = 1 }: AccuracyCase,
  port: number,
  forMs: number,
): Promise<Accuracy> {
  const spec = redisSpec(port, { keyPrefix: `${name.replaceAll(/[^a-z0-9]+/gi, '-')}:` });
  const rules = [limitRule({ count, perMs: 1_000 })];
  // Because: these cases are about counting; what happens when Redis is slow has tests of its own.
  const open = () => openLimitGateway(spec, rules, { mode, answerMsMax: 1_000 });
  const gateways: LimitGateway[] = await Promise.all(weights.map(open));
  let serving = gateways.slice();
  const later = async () => {
    const joined = await open();
    gateways.push(joined);
    serving = [joined, ...serving.slice(1)];
  };
  const change = changes ? setTimeout(() => void later(), forMs / 2) : undefined;
  const outcome = await offer({
    perSecond: count * factor * callers,
    forMs,
    callers,
    spread: () => serving.map((gateway, at) => ({ gateway, weight: weights[at]! })),
  });
  clearTimeout(change);
  await Promise.all(gateways.map(gateway => gateway.close()));
  const { offered, admitted, admittedAt, admittedBy, lateMs } = outcome;
  const allowed = Math.min(offered / callers, count + (count * (admittedAt.at(-1) ?? 0)) / 1_000);
  const over = Math.max(...admittedBy) - allowed;
  const standstill = (count * lateMs) / 1_000;
  return { offered, admitted, allowed, over, overOnAverage: admitted / callers - allowed, standstill };
}
