// Runs the overload drill and shows its results: figures for each upstream, and what to change.

import type { Terminal } from '../terminal.ts';
import { textTable } from '../text-table.ts';
import type { DrillOrder } from './drill-order.ts';
import { isServedWell, overloadAdvice } from './overload-advice.ts';
import { type OverloadResult, runOverload } from './overload-drill.ts';

/** About how long one upstream takes besides the overload itself. */
const BESIDE_SECONDS = 10;

/** Runs the drill and prints the report. True when every upstream met the criteria of `isServedWell`. */
export async function holdOverload(order: DrillOrder, terminal: Terminal): Promise<boolean> {
  const { file, upstreams, holdMs, serviceMs, json } = order;
  const seconds = holdMs / 1_000;
  const results: OverloadResult[] = [];
  if (!json) terminal.err(`about ${upstreams.length * (seconds + BESIDE_SECONDS)} s`);
  await runOverload(file, upstreams, seconds, serviceMs, result => results.push(result));
  const report = results.map((result, at) => {
    return { ...result, well: isServedWell(result), advice: overloadAdvice(upstreams[at]!, result) };
  });
  if (json) terminal.json({ drill: 'overload', report });
  else for (const each of report) show(each, each.advice, terminal);
  return report.every(({ well }) => well);
}

function show(result: OverloadResult, advice: readonly string[], terminal: Terminal): void {
  const { paint } = terminal;
  const { upstream, endpoints, atOnce, serviceMs, capacity, goodPerSecond } = result;
  const noun = endpoints === 1 ? 'endpoint' : 'endpoints';
  terminal.out(
    paint(
      'bold',
      `${upstream} (${endpoints} ${noun}, ${atOnce} requests at once, ${serviceMs} ms each: ${capacity}/s)`,
    ),
  );
  const percent = `${Math.round((100 * goodPerSecond) / capacity)} %`;
  const row = [
    `${goodPerSecond}/s (${percent})`,
    String(result.refused),
    String(result.failed),
    `${result.calmP99Ms} ms`,
    `${result.p99Ms} ms`,
    `${result.afterP99Ms} ms`,
    String(result.longestQueue),
    `+${result.memoryMiB} MiB`,
  ];
  const heads = [
    'SERVED IN TIME',
    'REFUSED',
    'FAILED',
    'P99 BEFORE',
    'P99 DURING',
    'P99 AFTER',
    'QUEUED AT ENDPOINTS',
    'MEMORY',
  ];
  terminal.out(textTable(heads, [row]));
  for (const sentence of advice) terminal.out(`${paint('yellow', '!')} ${sentence}`);
  if (advice.length === 0)
    terminal.out(paint('green', 'throughput stayed near the maximum, and admitted requests were hardly slower'));
  terminal.out('');
}
