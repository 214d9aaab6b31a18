// The audit of a configuration: every route with its guards and what is wrong with them. The real router is asked where requests would go.

import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import type { Config } from '../../config/config.ts';
import type { FilterSchema } from '../../config/schemas/filter-schema.ts';
import { partFindings } from './acceptances.ts';
import type { AuditedRoute, AuditFinding, AuditReport } from './audit-report.ts';
import { guardsOf, optionalFiltersOf } from './guards.ts';
import { identityOrderProblems } from './identity-order.ts';
import { optionalPlacesOf } from './key-places.ts';
import { Reach } from './reach.ts';
import { RouterOracle } from './router-oracle.ts';
import { sampleRequests, unwantedBy } from './sample-request.ts';
import { WaysAround } from './ways-around.ts';

/** Throws an Error when the configuration cannot be compiled. */
export function auditConfig(
  config: Config,
  definitions: FilterDefinitions,
  schemas: readonly FilterSchema[],
): AuditReport {
  const languages = new Map(schemas.map(schema => [schema.name, schema]));
  const guards = new Map(config.routes.map(route => [route, guardsOf(config, route, definitions)]));
  const open = config.routes.filter(route => guards.get(route)!.length === 0);
  const oracle = new RouterOracle(config, definitions);
  const ways = new WaysAround(oracle, new Reach(config), open, unwantedBy(config.routes));

  const routes = config.routes.map((route): AuditedRoute => {
    const own = guards.get(route)!;
    const samples = sampleRequests(route);
    const found: AuditFinding[] = [...identityOrderProblems(config, route, definitions, languages)];
    if (own.length === 0 && !route.public) {
      found.push({ code: 'no_guard', by: '', message: unguardedText(optionalFiltersOf(config, route)) });
    }
    if (own.length > 0) found.push(...ways.find(route, samples));
    else if (route.public) found.push(...ways.elsewhere(route, samples));
    // A sample that another route takes is no evidence about this route: `ways.find` has judged it, or it is meant to go there.
    const ownSamples = samples.filter((sample, at) => at === 0 || oracle.routeFor(sample)?.route === route);
    const { name, match, public: isPublic } = route;
    return {
      name,
      public: isPublic,
      listeners: match.listeners ?? [],
      guards: own,
      ...partFindings(route, found),
      optionalPlaces: optionalPlacesOf(config, route, definitions),
      samples: ownSamples,
    };
  });
  return { routes, ok: routes.every(({ findings }) => findings.length === 0) };
}

/** `optional`: the filters of the route that would be its guards if their credentials were required. */
function unguardedText(optional: readonly string[]): string {
  if (optional.length === 0)
    return 'no filter of its chain requires credentials; add an identity filter, or set `public: true`';
  const [are, who] = optional.length === 1 ? ['is', 'it lets'] : ['are', 'they let'];
  return `${optional.join(' and ')} ${are} \`optional\`, so ${who} callers without a credential pass; add an \`acl\` that asks who calls and admits none of them, or set \`public: true\``;
}
