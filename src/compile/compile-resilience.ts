// From what a route says of a failing upstream to what exchanges go by: retries, fallback, hedge.

import type { Problem, RouteConfig } from '../config/config.ts';
import { HedgePlan } from '../exchange/hedge.ts';
import type { KeptAnswers } from '../exchange/kept/kept-answers.ts';
import { type Fallback, nothingSaid, type RouteResilience } from '../exchange/route.ts';
import { RetryPolicy } from '../upstream/retry/retry-policy.ts';
import type { Upstream } from '../upstream/upstream.ts';

/** `path` leads to the route in the document. */
export function compileResilience(
  { retry, fallback, hedge }: RouteConfig,
  upstreams: ReadonlyMap<string, Upstream>,
  kept: KeptAnswers | null,
  path: readonly (string | number)[],
  problems: Problem[],
): RouteResilience {
  if (retry === undefined && hedge === undefined && fallback === undefined && kept === null) return nothingSaid;
  return {
    retry: retry === undefined ? null : new RetryPolicy(retry),
    hedge: hedge === undefined ? null : new HedgePlan(hedge.afterMs),
    kept,
    fallback: fallback === undefined ? null : compileFallback(fallback, upstreams, [...path, 'fallback'], problems),
  };
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
