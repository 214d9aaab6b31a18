// The table of added latencies: the latency through a proxy minus that of the backend alone at the same rate.

import type { OpenLoopResult } from '../load/open-loop.ts';
import type { Table } from '../scenario.ts';
import { foreignShareMax } from './contest.ts';
import { median, medianDeviation } from './statistics.ts';

/** One run of an open loop. Runs with the same `load` and `judged` took turns at one rate, the backend (`direct`) first. */
export interface Latencies extends OpenLoopResult {
  readonly contestant: string;
  readonly load: string;
  /** The first proxy among these runs. Needed because a load such as “50 % of own” is another rate for each proxy. */
  readonly judged: string;
  readonly rate: number;
  readonly round: number;
  readonly foreignShare: number;
}

const percentiles = ['p50Ms', 'windowP99Ms', 'p99Ms', 'p999Ms'] as const;
type Percentile = (typeof percentiles)[number];

/** One row for each contestant and load: medians over the rounds of what was added, with the deviation of what was measured. */
export function latencyTable(measured: readonly Latencies[]): Table {
  const heats = Map.groupBy(measured, ({ load, judged }) => `${load} ${judged}`);
  const lines = [...heats.values()].flatMap(heat => {
    const contestants = Map.groupBy(heat, ({ contestant }) => contestant);
    const straight = contestants.get('direct') ?? [];
    return [...contestants].map(([name, rows]) => {
      const added = (figure: Percentile) => of(rows, figure) - (name === 'direct' ? 0 : of(straight, figure));
      return { name, rows, added, load: rows[0]!.load, rate: rows[0]!.rate };
    });
  });
  const rows = lines.map(({ name, rows: runs, added, load, rate }) => {
    const nginx = lines.find(other => other.name === 'nginx' && other.load === load);
    const toNginx = (figure: Percentile) => {
      const ratio =
        nginx === undefined || name === 'direct' || name === 'nginx' ? Number.NaN : added(figure) / nginx.added(figure);
      return Number.isFinite(ratio) ? ratio.toFixed(2) : '';
    };
    return [
      name === 'direct' ? 'direct (not added)' : name,
      `${load}: ${rate.toLocaleString('en-GB')}/s`,
      ...percentiles.map(figure => `${added(figure).toFixed(3)} ± ${spread(runs, figure).toFixed(3)}`),
      [toNginx('windowP99Ms'), toNginx('p99Ms')].filter(text => text !== '').join(', '),
      String(runs.reduce((sum, { failed }) => sum + failed, 0)),
    ];
  });
  const columns = [
    'proxy',
    'rate',
    'added p50 ms',
    'added p99 of a typical 1,000 ms',
    'added p99 ms',
    'added p99.9 ms',
    'both p99 to nginx’s',
    'failed',
  ];
  const disturbed = measured.filter(({ foreignShare }) => foreignShare > foreignShareMax).length;
  const notes = [
    'Every request is timed from the instant it was due; one that failed or was not answered counts as long as the whole run.',
    'A typical 1,000: the median over every 1,000 requests in a row. The p99 of the whole is about as long as the machine stands still now and then: look at that of direct.',
    'Who cannot keep up with a rate that is the same for all is left out there.',
    ...(disturbed === 0 ? [] : [`${disturbed} of ${measured.length} runs were disturbed by foreign processes.`]),
  ];
  return { columns, rows, notes };
}

function of(rows: readonly Latencies[], figure: Percentile): number {
  return median(rows.map(row => row[figure]));
}

function spread(rows: readonly Latencies[], figure: Percentile): number {
  return medianDeviation(rows.map(row => row[figure]));
}
