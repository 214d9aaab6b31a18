// Compiles a route's settings for a failing upstream to those that exchanges use: retries, fallback, hedge.

import type { RouteConfig } from '../config/config.ts';
import { HedgePlan, newRecent } from '../exchange/hedge.ts';
import type { KeptAnswers } from '../exchange/kept/kept-answers.ts';
import { type Fallback, nothingSaid, type RouteResilience } from '../exchange/route.ts';
import type { WorkerServices } from '../exchange/worker-services.ts';
import { RetryPolicy } from '../upstream/retry/retry-policy.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { compileReply } from './compile-reply.ts';
import { upstreamNamed } from './compile-upstreams.ts';
import type { Report } from './report.ts';

/** A fallback whose upstream does not exist is reported and left out. */
export function compileResilience(
  { name, to, retry, fallback, hedge }: RouteConfig,
  upstreams: ReadonlyMap<string, Upstream>,
  worker: WorkerServices,
  kept: KeptAnswers | null,
  report: Report,
): RouteResilience {
  if (retry === undefined && hedge === undefined && fallback === undefined && kept === null) return nothingSaid;
  return {
    retry: retry === undefined ? null : new RetryPolicy(retry),
    hedge: hedge === undefined ? null : compileHedge(name, to, hedge.afterMs, worker),
    kept,
    fallback: fallback === undefined ? null : compileFallback(fallback, upstreams, report.at('fallback')),
  };
}

/** Response times that the hedge has learned are kept while the route's destination is the same, whatever else changes. */
function compileHedge(name: string, to: RouteConfig['to'], afterMs: number, worker: WorkerServices): HedgePlan {
  if (afterMs > 0) return new HedgePlan(afterMs);
  return new HedgePlan(afterMs, worker.lasting(`hedge ${name} ${JSON.stringify(to)}`, newRecent));
}

function compileFallback(
  fallback: NonNullable<RouteConfig['fallback']>,
  upstreams: ReadonlyMap<string, Upstream>,
  report: Report,
): Fallback | null {
  if (fallback.kind === 'nothing') return null;
  if (fallback.kind === 'reply') return { kind: 'reply', reply: compileReply(fallback.reply) };
  const upstream = upstreamNamed(fallback.upstream, upstreams, report.at('upstream'));
  return upstream === null ? null : { kind: 'upstream', upstream };
}
