// What the gateway would do with a request, found by the code that routes requests, without sending anything.

import { optionalOf } from '../base/schema/optional-login.ts';
import { dryCompile } from '../compile/dry-compile.ts';
import { filtersInUse } from '../compile/filters-in-use.ts';
import { destinationUpstreams } from '../config/checks/destination-upstreams.ts';
import type { Config, DestinationConfig, FilterConfig, RouteConfig } from '../config/config.ts';
import { allowHeader } from '../exchange/begin.ts';
import { ANSWERS_PATH, answersWordIn } from '../exchange/deferred/answers-path.ts';
import { isForwardingClaim } from '../exchange/forwarded.ts';
import type { Route } from '../exchange/route.ts';
import { isAuthority } from '../http/authority.ts';
import { Headers } from '../http/headers.ts';
import { knownMethods } from '../http/methods.ts';
import { normalizePath } from '../http/path.ts';
import type { Arrival } from '../http/request-head.ts';
import { explainRoutes, type RouteExplanation } from '../route/explain.ts';
import type { FoundRoute } from '../route/found-route.ts';
import type { Routable } from '../route/routable.ts';
import { needsBody, type RouteTable } from '../route/route-table.ts';

export interface RequestToExplain {
  readonly method: string;
  /** Lower case, without a port. */
  readonly host: string;
  /** As a client would send it, percent-encoded. */
  readonly rawPath: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Value of the JSON document in the body; null for no body or a body that is not JSON; undefined when the body is not known. */
  readonly body: unknown;
  readonly arrival: Arrival;
}

export interface Explanation {
  /** What happens to the request: a route takes it, the gateway answers OPTIONS itself, or the request is refused. */
  readonly outcome:
    | 'routed'
    | 'options'
    | 'method_not_implemented'
    | 'path_refused'
    | 'route_not_found'
    | 'method_not_allowed'
    | 'needs_body';
  /** Path as routing and the filters see it; as received when the path is refused. */
  readonly path: string;
  /** A sentence that explains the outcome. */
  readonly detail: string;
  /** Every route whose host and path match, in order of precedence. */
  readonly candidates: readonly RouteExplanation[];
  readonly route: string | null;
  readonly params: Readonly<Record<string, string>>;
  /** Filters in the order in which they run, global ones first. */
  readonly filters: readonly ExplainedFilter[];
  readonly destination: DestinationConfig | null;
  /** The canary of the route, and whether this request gets it regardless of the share; null when the route has none. */
  readonly canary: { readonly upstream: string; readonly always: boolean } | null;
  /** Path that the upstream receives, after the rewrite; null when the request goes to no upstream. */
  readonly upstreamPath: string | null;
  /**
   * Host that replaces the request's host for the upstream; `endpoint` when each endpoint gets its own. Null when the host stays, when the
   * request goes to no upstream, or when it may go to upstreams that differ in this.
   */
  readonly upstreamHost: string | null;
  /** Methods that routes would serve here, for `method_not_allowed` and `options`. */
  readonly allowedMethods: readonly string[];
}

/** `chain` is the name of the chain that the filter is written in, if it is. */
export interface ExplainedFilter {
  readonly name: string;
  readonly from: 'global' | 'route';
  readonly chain?: string;
  /** Only of filters that let callers without a credential pass: the consumer that these are, or null. */
  readonly optional?: { readonly consumer: string | null };
}

const nothingFound = {
  candidates: [],
  route: null,
  params: {},
  filters: [],
  destination: null,
  canary: null,
  upstreamPath: null,
  upstreamHost: null,
  allowedMethods: [],
} as const;

/** Methods whose requests practically never have a body: when the body is not given, it is taken as absent. */
const methodsWithoutBody: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

/** Throws an Error when the configuration cannot be compiled, or when the request could not occur in HTTP. */
export async function explainRequest(config: Config, asked: RequestToExplain): Promise<Explanation> {
  const { compiled } = dryCompile(config, await filtersInUse(config));
  if (compiled === null) throw new Error('the configuration has errors');
  if (!knownMethods.has(asked.method)) {
    const detail = `the gateway serves no requests with ${asked.method}: 501`;
    return { ...nothingFound, outcome: 'method_not_implemented', path: asked.rawPath, detail };
  }
  const normalized = normalizePath(asked.rawPath, config.paths);
  if (!normalized.ok) {
    return { ...nothingFound, outcome: 'path_refused', path: asked.rawPath, detail: normalized.detail };
  }
  const { path } = normalized;
  const { method, host, query, arrival } = asked;
  const body = asked.body === undefined && methodsWithoutBody.has(method) ? null : asked.body;
  const { routes: table, identityHeaders } = compiled.snapshot;
  const mayBeTrusted = config.listeners.some(({ trustedProxies }) => trustedProxies.length > 0);
  // As in the gateway: identity headers from clients are removed, and so are forwarding headers unless a trusted proxy may have sent them.
  const isTaken = (name: string) => identityHeaders?.has(name) || (!mayBeTrusted && isForwardingClaim(name));
  const headers = Headers.from(asked.headers.filter(([name]) => !isTaken(name.toLowerCase())));
  const authority = headers.get('host') ?? '';
  if (!isAuthority(authority)) throw new TypeError(`not a host with an optional port: ${JSON.stringify(authority)}`);
  let request: Routable = { method, host, path, query, headers, arrival };
  if (method === 'TRACE') {
    const detail = 'TRACE is never served: 405';
    const allowedMethods = table.allowedMethods(request);
    return { ...nothingFound, outcome: 'method_not_allowed', path, detail, allowedMethods };
  }
  const { answers } = compiled.snapshot;
  if (answers !== undefined && path.startsWith(ANSWERS_PATH)) {
    const kept = answers.get(answersWordIn(path));
    if (kept === undefined)
      return { ...nothingFound, outcome: 'route_not_found', path, detail: 'no route keeps answers there: 404' };
    const detail = 'it kept this answer for a client that was told to come back';
    const filters = filtersOf(config, routeNamed(config, kept.name));
    return { ...nothingFound, outcome: 'routed', path, detail, route: kept.name, filters };
  }
  let found = table.find(request);
  if (found === needsBody && body !== undefined) {
    request = { ...request, body };
    found = table.find(request);
  }
  const candidates = explainRoutes(table, request);
  if (found === needsBody) {
    const detail =
      'a route may match on a field of the body: give it with --body, which is null for a request without one';
    return { ...nothingFound, outcome: 'needs_body', path, detail, candidates };
  }
  if (found === null) return { ...nothingFound, path, candidates, ...unrouted(config, table, request) };
  const detail = candidates.find(each => each.outcome === 'wins')?.reason ?? '';
  return { ...nothingFound, outcome: 'routed', path, detail, candidates, ...routed(config, found, request) };
}

/** What the route makes of the request. */
function routed(config: Config, found: FoundRoute<Route>, request: Routable): Partial<Explanation> {
  const route = routeNamed(config, found.name);
  const goesUpstream = route.to.kind === 'upstream' || route.to.kind === 'split';
  const { rewrite, destination } = found.value.plan;
  return {
    route: route.name,
    params: Object.fromEntries(found.paramNames.map(name => [name, found.param(name) ?? ''])),
    filters: filtersOf(config, route),
    destination: route.to,
    canary:
      destination.kind === 'canary'
        ? { upstream: destination.choice.canary.upstream.name, always: destination.choice.isChosen(null, request) }
        : null,
    upstreamPath: goesUpstream ? (rewrite?.apply(request.path, found) ?? request.path) : null,
    upstreamHost: (goesUpstream && rewrite?.host) || hostOfUpstreams(config, route),
  };
}

/** What happens to a request that no route takes: a CORS preflight, the gateway's own answer to OPTIONS, or a refusal. */
function unrouted<T>(
  config: Config,
  table: RouteTable<T>,
  request: Routable,
): Pick<Explanation, 'outcome' | 'detail' | 'allowedMethods'> & Partial<Explanation> {
  const allowedMethods = table.allowedMethods(request);
  const preflight = preflightRoute(table, request);
  if (preflight !== null) {
    const detail = 'a preflight: these filters answer it, or the gateway with 204 and Allow';
    const filters = filtersOf(config, routeNamed(config, preflight));
    return { outcome: 'options', detail, allowedMethods, route: preflight, filters };
  }
  if (request.method === 'OPTIONS' && allowedMethods.length > 0) {
    const detail = `204 by the gateway, with Allow: ${allowHeader(allowedMethods)}`;
    return { outcome: 'options', detail, allowedMethods };
  }
  if (allowedMethods.length === 0)
    return { outcome: 'route_not_found', detail: 'no route matches: 404', allowedMethods };
  return { outcome: 'method_not_allowed', detail: `405, with Allow: ${allowHeader(allowedMethods)}`, allowedMethods };
}

/** The `host` of the upstreams to which the route leads; null when they keep the client's, or differ. */
function hostOfUpstreams(config: Config, { to, canary }: RouteConfig): string | null {
  const names = destinationUpstreams(to);
  if (canary !== undefined) names.push(canary.upstream);
  const hosts = new Set(config.upstreams.filter(({ name }) => names.includes(name)).map(({ host }) => host ?? null));
  const [first = null] = hosts;
  return hosts.size === 1 ? first : null;
}

function routeNamed(config: Config, name: string): RouteConfig {
  // Because: the table is made from exactly these routes, by the names in the configuration.
  return config.routes.find(route => route.name === name)!;
}

/** Name of the route whose filters handle a browser's CORS preflight for the requested method; null when there is none. */
function preflightRoute<T>(table: RouteTable<T>, request: Routable): string | null {
  const asked = request.headers.get('access-control-request-method');
  if (request.method !== 'OPTIONS' || asked === undefined || !request.headers.has('origin')) return null;
  const found = table.findForPreflight(request, asked);
  return found === null || found === needsBody ? null : found.name;
}

function filtersOf(config: Config, route: RouteConfig): Explanation['filters'] {
  return [
    ...config.filters.map(filter => explained(filter, 'global')),
    ...route.filters.map(filter => explained(filter, 'route')),
  ];
}

function explained(filter: FilterConfig, from: ExplainedFilter['from']): ExplainedFilter {
  const { name, chain } = filter;
  const optional = optionalOf(filter);
  return { name, from, ...(chain !== undefined && { chain }), ...(optional !== null && { optional }) };
}
