// The table of a contest: medians with their spread, and the ratio to whom each is compared with. Measures nothing.

import type { Table } from '../scenario.ts';
import { foreignShareMax } from './contest.ts';
import { costUs, type Sample } from './sample.ts';
import { median, medianDeviation, ratioOfMedians } from './statistics.ts';

export interface Comparison {
  readonly label: string;
  /** Label that this one is divided by; undefined: no ratio. */
  readonly against: string | undefined;
}

/** One row a comparison, in this order. */
export function contestTable(
  samples: ReadonlyMap<string, readonly Sample[]>,
  comparisons: readonly Comparison[],
): Table {
  const rows = comparisons.map(({ label, against }) => {
    const own = samples.get(label) ?? [];
    const base = against === undefined ? undefined : samples.get(against);
    const costs = own.map(costUs);
    return [
      label,
      `${median(costs).toFixed(2)} ± ${medianDeviation(costs).toFixed(2)}`,
      median(own.map(({ userUs }) => userUs)).toFixed(2),
      median(own.map(({ systemUs }) => systemUs)).toFixed(2),
      base === undefined ? '' : ratioText(costs, base.map(costUs), against === 'nginx' ? '' : ` of ${against}`),
      Math.round(median(own.map(sample => sample.requestsPerSecond))).toLocaleString('en-GB'),
      median(own.map(({ p50Ms }) => p50Ms)).toFixed(2),
      median(own.map(({ p99Ms }) => p99Ms)).toFixed(2),
      (median(own.map(({ memoryBytes }) => memoryBytes)) / 1e6).toFixed(1),
      String(own.reduce((sum, { failed }) => sum + failed, 0)),
    ];
  });
  return { columns, rows, notes: disturbance(samples) };
}

const columns = [
  'proxy',
  'CPU µs/request',
  'user',
  'system',
  'ratio to nginx (95 %)',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'memory MB',
  'failed',
];

/** `1.12 (1.09–1.15)`. */
export function ratioText(values: readonly number[], base: readonly number[], suffix = ''): string {
  const { ratio, low, high } = ratioOfMedians(values, base);
  return `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})${suffix}`;
}

function disturbance(samples: ReadonlyMap<string, readonly Sample[]>): string[] {
  const all = [...samples.values()].flat();
  const disturbed = all.filter(({ foreignShare }) => foreignShare > foreignShareMax).length;
  if (disturbed === 0) return [];
  const limit = Math.round(foreignShareMax * 100);
  return [`${disturbed} of ${all.length} rounds had foreign processes using more than ${limit} % of the proxy's core.`];
}
