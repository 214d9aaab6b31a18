// The table of a contest: medians with their spread, and the ratios to the contestants that each one is compared with. Measures nothing.

import { pairedRatios } from '../../test/chaos/paired-ratios.ts';
import type { Table } from '../scenario.ts';
import { foreignShareMax } from './contest.ts';
import { costUs, type Sample } from './sample.ts';
import { median, medianDeviation, type Ratio, ratioOfMedians } from './statistics.ts';

export interface Comparison {
  readonly label: string;
  /**
   * Labels of the contestants that this one is divided by, one for each ratio column. The cell is empty for itself and for one that did
   * not run.
   */
  readonly against: readonly string[];
}

/** Makes a ratio of the costs of two contestants in the same rounds; `base` is the divisor. */
export type RatioOf = (values: readonly number[], base: readonly number[]) => Ratio;

/** One row for each comparison, in this order; `ratioTitles` are the titles of the columns of `against`. */
export function contestTable(
  samples: ReadonlyMap<string, readonly Sample[]>,
  ratioTitles: readonly string[],
  comparisons: readonly Comparison[],
  ratioOf: RatioOf = medianRatio,
): Table {
  const rows = comparisons
    .filter(({ label }) => samples.has(label))
    .map(({ label, against }) => {
      const own = samples.get(label)!;
      const costs = own.map(costUs);
      const ratios = against.map(other => {
        const base = other === label ? undefined : samples.get(other);
        return base === undefined ? '' : ratioText(ratioOf(costs, base.map(costUs)));
      });
      return [
        label,
        `${median(costs).toFixed(2)} ± ${medianDeviation(costs).toFixed(2)}`,
        median(own.map(({ userUs }) => userUs)).toFixed(2),
        median(own.map(({ systemUs }) => systemUs)).toFixed(2),
        ...ratios,
        Math.round(median(own.map(sample => sample.requestsPerSecond))).toLocaleString('en-GB'),
        median(own.map(({ p50Ms }) => p50Ms)).toFixed(2),
        median(own.map(({ p99Ms }) => p99Ms)).toFixed(2),
        (median(own.map(({ memoryBytes }) => memoryBytes)) / 1e6).toFixed(1),
        String(own.reduce((sum, { failed }) => sum + failed, 0)),
      ];
    });
  const columns = ['proxy', 'CPU µs/request', 'user', 'system', ...ratioTitles, ...lastColumns];
  return { columns, rows, notes: disturbance(samples) };
}

const lastColumns = ['requests/s', 'p50 ms', 'p99 ms', 'memory MB', 'failed'];

/** The ratio of the medians over all rounds. */
export function medianRatio(values: readonly number[], base: readonly number[]): Ratio {
  return ratioOfMedians(values, base);
}

/** The median of each round's ratio to the mean of the base's rounds before and after it: noise longer than a round affects both sides. */
export function roundRatio(values: readonly number[], base: readonly number[]): Ratio {
  const rounds = Math.min(values.length, base.length);
  if (rounds < 2) return medianRatio(values, base);
  const { median: ratio, low, high } = pairedRatios(base.slice(0, rounds), values.slice(0, rounds - 1));
  return { ratio, low, high };
}

/** Formats as `1.12 (1.09–1.15)`. */
function ratioText({ ratio, low, high }: Ratio): string {
  return `${ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
}

function disturbance(samples: ReadonlyMap<string, readonly Sample[]>): string[] {
  const all = [...samples.values()].flat();
  const disturbed = all.filter(({ foreignShare }) => foreignShare > foreignShareMax).length;
  if (disturbed === 0) return [];
  const limit = Math.round(foreignShareMax * 100);
  return [`${disturbed} of ${all.length} rounds had foreign processes using more than ${limit} % of the proxy's core.`];
}
