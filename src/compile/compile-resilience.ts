// From what a route says of a failing upstream to what exchanges go by: retries, fallback, hedge.

import type { Problem, RouteConfig } from '../config/config.ts';
import { HedgePlan, newRecent } from '../exchange/hedge.ts';
import type { KeptAnswers } from '../exchange/kept/kept-answers.ts';
import { type Fallback, nothingSaid, type RouteResilience } from '../exchange/route.ts';
import type { WorkerServices } from '../exchange/worker-services.ts';
import { RetryPolicy } from '../upstream/retry/retry-policy.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** `path` leads to the route in the document. */
export function compileResilience(
  { name, to, retry, fallback, hedge }: RouteConfig,
  upstreams: ReadonlyMap<string, Upstream>,
  worker: WorkerServices,
  kept: KeptAnswers | null,
  path: readonly (string | number)[],
  problems: Problem[],
): RouteResilience {
  if (retry === undefined && hedge === undefined && fallback === undefined && kept === null) return nothingSaid;
  return {
    retry: retry === undefined ? null : new RetryPolicy(retry),
    hedge: hedge === undefined ? null : compileHedge(name, to, hedge.afterMs, worker),
    kept,
    fallback: fallback === undefined ? null : compileFallback(fallback, upstreams, [...path, 'fallback'], problems),
  };
}

/** What is known of the answers of a route is kept while it leads where it did: whatever else changes, it would have to be learned again. */
function compileHedge(name: string, to: RouteConfig['to'], afterMs: number, worker: WorkerServices): HedgePlan {
  if (afterMs > 0) return new HedgePlan(afterMs);
  return new HedgePlan(afterMs, worker.lasting(`hedge ${name} ${JSON.stringify(to)}`, newRecent));
}

function compileFallback(
  fallback: NonNullable<RouteConfig['fallback']>,
  upstreams: ReadonlyMap<string, Upstream>,
  path: readonly (string | number)[],
  problems: Problem[],
): Fallback | null {
  if (fallback.kind === 'nothing') return null;
  if (fallback.kind === 'reply') {
    const { status, headers, body } = fallback.reply;
    return { kind: 'reply', reply: { status, headers: headers.map(each => [each.name, each.value]), body } };
  }
  const upstream = upstreams.get(fallback.upstream);
  if (upstream !== undefined) return { kind: 'upstream', upstream };
  const message = `there is no upstream "${fallback.upstream}"`;
  problems.push({ path: [...path, 'upstream'], message, severity: 'error' });
  return null;
}
