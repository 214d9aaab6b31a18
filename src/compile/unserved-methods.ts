// Warns of methods in routes that no request has when it reaches them, because the gateway refuses them before. Slips are told elsewhere.

import { slipText } from '../config/checks/check-methods.ts';
import { RouteSearch } from '../config/checks/route-search.ts';
import type { Config, Problem } from '../config/config.ts';
import { knownMethods } from '../http/methods.ts';

/** TRACE is read, and refused with 405 on every route. */
const isServed = (method: string) => knownMethods.has(method) && method !== 'TRACE';

const isTold = (method: string) => !isServed(method) && slipText(method) === '';

const search = new RouteSearch(({ match }) => match.methods.some(isTold));

export function unservedMethodProblems({ routes }: Config): Problem[] {
  const problems: Problem[] = [];
  for (const at of search.placesIn(routes)) {
    const { methods } = routes[at]!.match;
    for (let index = 0; index < methods.length; index++) {
      const method = methods[index]!;
      if (!isTold(method)) continue;
      const status = method === 'TRACE' ? 405 : 501;
      const message = `no request reaches this with ${method}: the gateway refuses the method with ${status}`;
      problems.push({ path: ['routes', at, 'match', 'methods', index], message, severity: 'warning' });
    }
  }
  return problems;
}
