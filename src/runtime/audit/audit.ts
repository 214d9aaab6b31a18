// The audit of a configuration: every route with what guards it, and every way around a guard that the router itself would take.

import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import { dryCompile } from '../../compile/dry-compile.ts';
import type { Config, RouteConfig } from '../../config/config.ts';
import type { FilterSchema } from '../../config/filter-schema.ts';
import { Headers } from '../../http/headers.ts';
import { normalizePath } from '../../http/path.ts';
import { needsBody } from '../../route/route-table.ts';
import type { AuditedRoute, AuditFinding, AuditReport } from './audit-report.ts';
import { guardsOf } from './guards.ts';
import { identityOrderProblems } from './identity-order.ts';
import { type SampleRequest, sampleRequest } from './sample-request.ts';
import { conditionVariants, distinctConditions, type Trick, variantsOf } from './variants.ts';

const codes: Readonly<Record<Trick, AuditFinding['code']>> = {
  method: 'skipped_by_method',
  host: 'skipped_by_host',
  'trailing slash': 'skipped_by_slash',
  case: 'skipped_by_case',
  encoding: 'skipped_by_encoding',
  condition: 'skipped_by_condition',
};

/** Throws an Error when the configuration cannot be compiled. */
export function auditConfig(
  config: Config,
  definitions: FilterDefinitions,
  schemas: readonly FilterSchema[],
): AuditReport {
  const languages = new Map(schemas.map(schema => [schema.name, schema]));
  const { compiled } = dryCompile(config, definitions);
  if (compiled === null) throw new Error('the configuration has errors');
  const table = compiled.snapshot.routes;
  const byName = new Map(config.routes.map(route => [route.name, route]));
  const guards = new Map(config.routes.map(route => [route.name, guardsOf(config, route, definitions)]));

  const conditions = distinctConditions(
    config.routes.map(route => sampleRequest(route)).filter(sample => sample !== null),
  );

  /** The route that a request would take; null when it is refused, or none matches. */
  const winner = ({ method, host, rawPath, query, headers, body }: SampleRequest): RouteConfig | null => {
    const normalized = normalizePath(rawPath, config.paths);
    if (!normalized.ok) return null;
    const content: unknown = body === '' ? null : JSON.parse(body);
    const head = { method, host, path: normalized.path, query, headers: Headers.from(headers) };
    const found = table.find({ ...head, body: content });
    return found === null || found === needsBody ? null : (byName.get(found.name) ?? null);
  };

  const waysAround = (route: RouteConfig, sample: SampleRequest): AuditFinding[] => {
    const findings = new Map<string, AuditFinding>();
    for (const { trick, request } of [...variantsOf(sample), ...conditionVariants(sample, conditions)]) {
      const taken = winner(request);
      if (taken === null || taken === route || guards.get(taken.name)!.length > 0) continue;
      const shared = sharedUpstream(route, taken, config);
      if (shared === null || isMeant(route, taken, trick)) continue;
      const code = codes[trick];
      const key = `${code} ${taken.name}`;
      if (findings.has(key)) continue;
      const asked = `${request.method} ${trick === 'host' ? request.host : ''}${request.rawPath}${trick === 'condition' ? conditionsText(request) : ''}`;
      findings.set(key, {
        code,
        message: `${asked} takes route "${taken.name}", which asks for no credentials and goes to the same upstream "${shared}"`,
      });
    }
    return [...findings.values()];
  };

  const routes = config.routes.map((route): AuditedRoute => {
    const own = guards.get(route.name)!;
    const sample = sampleRequest(route);
    const findings: AuditFinding[] = [...identityOrderProblems(config, route, definitions, languages)];
    if (own.length === 0 && !route.public) {
      findings.push({
        code: 'no_guard',
        message: 'nothing in its chain asks for credentials; give it an identity filter, or say `public: true`',
      });
    }
    if (own.length > 0 && sample !== null) findings.push(...waysAround(route, sample));
    return { name: route.name, public: route.public, guards: own, findings, sample };
  });
  return { routes, ok: routes.every(({ findings }) => findings.length === 0) };
}

/** ` with x-debug: 1 and ?a=b`, or that there is nothing of the kind. */
function conditionsText({ headers, query, body }: SampleRequest): string {
  const parts = [
    ...headers.map(([name, value]) => `${name}: ${value}`),
    ...(query === '' ? [] : [`?${query}`]),
    ...(body === '' ? [] : [`the body ${body}`]),
  ];
  return parts.length === 0 ? ' without conditions' : ` with ${parts.join(' and ')}`;
}

/** Name of an upstream of the guarded route whose endpoints the other route reaches as well; null when there is none. */
function sharedUpstream(guarded: RouteConfig, other: RouteConfig, config: Config): string | null {
  const endpointsOf = (name: string) =>
    config.upstreams.find(upstream => upstream.name === name)?.endpoints.map(({ url }) => url) ?? [];
  const reached = new Set(upstreamsOf(other).flatMap(name => [name, ...endpointsOf(name)]));
  return (
    upstreamsOf(guarded).find(name => reached.has(name) || endpointsOf(name).some(url => reached.has(url))) ?? null
  );
}

function upstreamsOf({ to }: RouteConfig): string[] {
  if (to.kind === 'upstream') return [to.upstream];
  return to.kind === 'split' ? to.targets.map(({ upstream }) => upstream) : [];
}

/**
 * Whether the other route is there for just this: public, for the same path with methods of its own, or under hosts of its own.
 * A broader route that happens to catch the request is not.
 */
function isMeant(guarded: RouteConfig, other: RouteConfig, trick: Trick): boolean {
  if (!other.public) return false;
  if (trick === 'method') return other.match.path === guarded.match.path && other.match.methods.length > 0;
  return trick === 'host' && other.match.hosts.length > 0;
}
