// Runs the rollback drill and shows its results: the outcome of each canary, its effect on clients, and what to change.

import type { CanaryConfig } from '../../config/rollout-config.ts';
import type { Terminal } from '../terminal.ts';
import { textTable } from '../text-table.ts';
import type { DrillOrder } from './drill-order.ts';
import { type CanaryRoute, canaryBehaviours, type RollbackResult, runRollback } from './rollback-drill.ts';

/** When more requests failed than this, the first step is too large for a version that fails. */
const FAILED_MAX = 20;

/** Runs the drill and prints the report. True when no good canary was rolled back, and every bad one was, without failures afterwards. */
export async function holdRollback(order: DrillOrder, terminal: Terminal): Promise<boolean> {
  const { file, config, upstreams, holdMs: stepMs, json } = order;
  const names = new Set(upstreams.map(({ name }) => name));
  const routes = config.routes.filter(
    (route): route is CanaryRoute => route.canary !== undefined && names.has(route.canary.upstream),
  );
  if (routes.length === 0) throw new Error('no route has a `canary`: there is nothing to roll back');
  if (!json) {
    const steps = routes.reduce((sum, { canary }) => sum + canary.steps.length, 0);
    terminal.err(`about ${Math.ceil((steps * stepMs) / 1_000 + routes.length * canaryBehaviours.length * 4)} s`);
  }
  const results: RollbackResult[] = [];
  await runRollback(file, routes, stepMs, result => results.push(result));
  const report = routes.map(route => {
    const own = results.filter(result => result.route === route.name);
    return { route: route.name, results: own, advice: rollbackAdvice(route, own) };
  });
  if (json) terminal.json({ drill: 'rollback', report });
  else for (const each of report) show(each.route, each.results, each.advice, terminal);
  return results.every(isAsItShould);
}

function isAsItShould({ behaviour, outcome, failedAfterwards }: RollbackResult): boolean {
  if (behaviour === 'well') return outcome !== 'rolled back';
  return outcome === 'rolled back' && failedAfterwards === 0;
}

/** The part of a route that the advice depends on. */
interface AdvisedRoute {
  readonly canary: Pick<CanaryConfig, 'steps' | 'minimum'>;
}

/** Advice for one route: one sentence each, with the setting to change; empty when there is nothing to improve. */
export function rollbackAdvice({ canary }: AdvisedRoute, results: readonly RollbackResult[]): string[] {
  const advice: string[] = [];
  const stayed = results.filter(({ behaviour, outcome }) => behaviour !== 'well' && outcome !== 'rolled back');
  if (stayed.length > 0) {
    const names = stayed.map(({ behaviour }) => behaviour).join(', ');
    advice.push(
      `a bad version was not rolled back (${names}): lower \`success.minimum\`, \`success.errorRate\` or \`success.p99\`, or raise the share of the first step`,
    );
  }
  const costly = results.filter(({ behaviour, failed }) => behaviour !== 'well' && failed > FAILED_MAX);
  if (costly.length > 0) {
    const worst = Math.max(...costly.map(({ failed }) => failed));
    advice.push(
      `up to ${worst} requests failed until it was rolled back (${costly.map(({ behaviour }) => behaviour).join(', ')}): begin with a smaller share, such as 1%, or lower \`success.minimum\``,
    );
  }
  if (results.some(({ behaviour, outcome }) => behaviour === 'well' && outcome === 'rolled back'))
    advice.push('a version as good as the stable one was rolled back: raise `success.errorRate` or `success.p99`');
  for (const { share, forMs } of canary.steps) {
    const perSecond = canary.minimum / share / (forMs / 1_000);
    if (perSecond < 1) continue;
    advice.push(
      `the step of ${percent(share)} ends on time only if the route has at least ${Math.ceil(perSecond)} requests a second, since the canary needs \`success.minimum\` ${canary.minimum} of them; with fewer the step lasts longer`,
    );
    break;
  }
  return advice;
}

function percent(share: number): string {
  return `${Math.round(share * 10_000) / 100} %`;
}

function show(route: string, results: readonly RollbackResult[], advice: readonly string[], terminal: Terminal): void {
  const { paint } = terminal;
  const rows = results.map(each => [
    each.behaviour,
    each.outcome + (each.reason === '' ? '' : ` (${each.reason})`),
    `${each.tookMs} ms`,
    percent(each.share),
    String(each.requests),
    String(each.failed),
    String(each.failedAfterwards),
  ]);
  terminal.out(paint('bold', `${route} (a good new version, and four bad ones)`));
  const heads = ['NEW VERSION', 'OUTCOME', 'AFTER', 'AT SHARE', 'REQUESTS', 'FAILED', 'FAILED AFTERWARDS'];
  terminal.out(textTable(heads, rows));
  for (const sentence of advice) terminal.out(`${paint('yellow', '!')} ${sentence}`);
  if (results.every(isAsItShould))
    terminal.out(paint('green', 'every bad version was rolled back, and the good one was not'));
  terminal.out('');
}
