// Explains to people why a request gets its route: lists every route of its host and path in order of precedence.

import type { Candidate } from './candidate.ts';
import { matchingCandidates } from './matching-candidates.ts';
import { methodBitOf } from './method-set.ts';
import type { Routable } from './routable.ts';
import type { RouteTable } from './route-table.ts';

export interface RouteExplanation {
  readonly name: string;
  /** Index of the route in the configuration, from 0. */
  readonly index: number;
  /** Host pattern under which the route was found; `*` for every host. */
  readonly host: string;
  readonly path: string;
  readonly outcome: 'wins' | 'fails' | 'loses' | 'needs body';
  /** `wins, because ...`, the condition that failed, the missing body, or the route that comes before. */
  readonly reason: string;
}

/** Every route whose host and path match. The route that `find` returns has the outcome `wins`. Empty means 404. */
export function explainRoutes<T>(table: RouteTable<T>, request: Routable): RouteExplanation[] {
  const explanations: RouteExplanation[] = [];
  let winner = '';
  let waiting = false;
  for (const { candidate, host } of matchingCandidates(table, request)) {
    const failure = failureOf(candidate, request);
    let outcome: RouteExplanation['outcome'] = 'fails';
    let reason = failure;
    if (failure === '' && winner !== '') {
      outcome = 'loses';
      reason = `would match, but ${winner} comes before it`;
    } else if (failure === '' && candidate.bodyConditions.length > 0 && request.body === undefined) {
      outcome = 'needs body';
      reason = `${candidate.bodyConditions.map(each => each.text).join(' and ')}: the request has no body yet`;
      waiting = true;
    } else if (failure === '' && waiting) {
      outcome = 'loses';
      reason = 'matches if the body decides against the routes before it';
    } else if (failure === '') {
      outcome = 'wins';
      reason = `wins, because ${whyItWins(candidate, host, explanations.length)}`;
      winner = candidate.name;
    }
    explanations.push({
      name: candidate.name,
      index: table.placeOf(candidate),
      host,
      path: candidate.pattern.source,
      outcome,
      reason,
    });
  }
  return explanations;
}

/** The first condition that does not hold, in words; empty when all hold, or when only the body is missing. */
function failureOf(candidate: Candidate<unknown>, request: Routable): string {
  const { methods, conditions, bodyConditions } = candidate;
  if (!methods.has(request.method, methodBitOf(request.method))) {
    return `the method is ${request.method}, and the route serves ${methods.names.join(', ')}`;
  }
  let failed = conditions.find(each => !each.matches(request));
  if (failed === undefined && request.body !== undefined) failed = bodyConditions.find(each => !each.matches(request));
  return failed === undefined ? '' : `not so: ${failed.text}`;
}

function whyItWins(candidate: Candidate<unknown>, host: string, before: number): string {
  const { pattern, conditions, bodyConditions } = candidate;
  const ofHost = host === '*' ? 'it takes every host' : `its host is ${host}`;
  const all = [...conditions, ...bodyConditions].map(each => each.text).join(' and ');
  const ofConditions = all === '' ? '' : `, ${all}`;
  const others = before === 1 ? 'the one' : `all ${before}`;
  const ofOthers = before === 0 ? 'no route is more specific' : `${others} before it failed`;
  return `${ofHost}, its path is ${pattern.source}${ofConditions}, and ${ofOthers}`;
}
