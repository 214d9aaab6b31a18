// Added latency is a difference at one rate, never between two rates.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Latencies, latencyTable } from './latency-table.ts';

test('what is added is less the backend at the same rate, and nginx is compared at the same load', () => {
  const { rows } = latencyTable([
    run('direct', 'own', 'nginx', 100, 1),
    run('nginx', 'own', 'nginx', 100, 3),
    run('direct', 'own', 'cardea', 200, 2),
    run('cardea', 'own', 'cardea', 200, 5),
  ]);
  assert.deepEqual(
    rows.map(row => [row[0], row[1], row[4], row[6]]),
    [
      ['direct (not added)', 'own: 100/s', '1.000 ± 0.000', ''],
      ['nginx', 'own: 100/s', '2.000 ± 0.000', ''],
      ['direct (not added)', 'own: 200/s', '2.000 ± 0.000', ''],
      ['cardea', 'own: 200/s', '3.000 ± 0.000', '1.50, 1.50'],
    ],
  );
});

function run(contestant: string, load: string, judged: string, rate: number, ms: number): Latencies {
  const times = { p50Ms: ms, p90Ms: ms, p99Ms: ms, p999Ms: ms, windowP99Ms: ms, maxMs: ms };
  return { contestant, load, judged, rate, round: 0, requests: 1, failed: 0, foreignShare: 0, ...times };
}
