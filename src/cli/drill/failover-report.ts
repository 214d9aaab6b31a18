// Runs the failover drill and shows its results: the effect of each failure on clients, and what to change.

import type { Terminal } from '../terminal.ts';
import { textTable } from '../text-table.ts';
import type { DrillOrder } from './drill-order.ts';
import { failoverAdvice } from './failover-advice.ts';
import { type FailoverResult, runFailover } from './failover-drill.ts';
import { failureNames } from './stand-in.ts';

/** About how long one failure takes besides the failure itself. */
const BESIDE_MS = 3_000;

const heads = ['FAILURE', 'REQUESTS', 'FAILED', 'P99 BEFORE', 'P99', 'LONGEST', 'OUT OF USE AFTER', 'BACK AFTER'];

/** Runs the drill and prints the report. True when no request failed. */
export async function holdFailover(order: DrillOrder, terminal: Terminal): Promise<boolean> {
  const { file, upstreams, holdMs, json } = order;
  const results: FailoverResult[] = [];
  const lastsMs = upstreams.length * failureNames.length * (holdMs + BESIDE_MS);
  if (!json) terminal.err(`about ${Math.ceil(lastsMs / 1_000)} s`);
  await runFailover(file, upstreams, holdMs, result => results.push(result));
  const report = upstreams.map(upstream => {
    const own = results.filter(result => result.upstream === upstream.name);
    return { upstream: upstream.name, results: own, advice: failoverAdvice(upstream, own) };
  });
  if (json) terminal.json({ drill: 'failover', report });
  else for (const each of report) show(each.upstream, each.results, each.advice, terminal);
  return results.every(({ failed }) => failed === 0);
}

function show(
  upstream: string,
  results: readonly FailoverResult[],
  advice: readonly string[],
  terminal: Terminal,
): void {
  const { paint } = terminal;
  const rows = results.map(each => [
    each.failure,
    String(each.requests),
    String(each.failed),
    `${each.p99BeforeMs} ms`,
    `${each.p99Ms} ms`,
    `${each.longestMs} ms`,
    each.ejectedAfterMs === null ? 'never' : `${each.ejectedAfterMs} ms`,
    each.backAfterMs === null ? '-' : `${each.backAfterMs} ms`,
  ]);
  terminal.out(paint('bold', `${upstream} (${results[0]?.endpoints ?? 0} endpoints, one of them fails)`));
  terminal.out(textTable(heads, rows));
  for (const sentence of advice) terminal.out(`${paint('yellow', '!')} ${sentence}`);
  if (advice.length === 0) terminal.out(paint('green', 'no request failed, and none took long'));
  terminal.out('');
}
