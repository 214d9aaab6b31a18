// Asks the real router about requests that are never sent: which route takes a request, whether another route would match the request too,
// and which path the upstream would receive.

import type { FilterDefinitions } from '../../compile/compile-chain.ts';
import { dryCompile } from '../../compile/dry-compile.ts';
import type { Config, RouteConfig } from '../../config/config.ts';
import type { Route } from '../../exchange/route.ts';
import { Headers } from '../../http/headers.ts';
import { normalizePath, type PathPolicy } from '../../http/path.ts';
import { explainRoutes } from '../../route/explain.ts';
import type { Routable } from '../../route/routable.ts';
import { needsBody, type RouteTable } from '../../route/route-table.ts';
import { SAMPLE_CLIENT, type SampleRequest, sampleClient } from './sample-request.ts';

export interface RoutedTo {
  readonly route: RouteConfig;
  /** Path that the upstream receives, after the route's rewrite. */
  readonly upstreamPath: string;
}

export class RouterOracle {
  private readonly table: RouteTable<Route>;
  /** Where requests may come in: the listeners that routes name, and an empty text for all others. */
  readonly listeners: readonly string[];
  /** One client for each list of clients that a route has, and one for everybody else. */
  readonly clients: readonly string[];
  private readonly paths: PathPolicy;
  private readonly byName: ReadonlyMap<string, RouteConfig>;

  /** Throws an Error when the configuration cannot be compiled. */
  constructor(config: Config, definitions: FilterDefinitions) {
    const { compiled } = dryCompile(config, definitions);
    if (compiled === null) throw new Error('the configuration has errors');
    this.table = compiled.snapshot.routes;
    this.paths = config.paths;
    this.listeners = listenersToAskAbout(config);
    const lists = config.routes.flatMap(({ match: { clients } }) => (clients === undefined ? [] : [clients]));
    this.clients = [...new Set([SAMPLE_CLIENT, ...lists.map(sampleClient)])];
    this.byName = new Map(config.routes.map(route => [route.name, route]));
  }

  /** Whether paths with encoded slashes are sent upstream as they are. */
  get keepsEncodedSlashes(): boolean {
    return this.paths.encodedSlash === 'keep';
  }

  /** The route that a request would take; null when the request is refused or no route matches. */
  routeFor(request: SampleRequest): RoutedTo | null {
    const routable = this.routable(request);
    const found = routable === null ? null : this.table.find(routable);
    if (routable === null || found === null || found === needsBody) return null;
    const route = this.byName.get(found.name);
    const { rewrite } = found.value.plan;
    return route === undefined
      ? null
      : { route, upstreamPath: rewrite === null ? routable.path : rewrite.apply(routable.path, found) };
  }

  /** Whether the named route matches this request, even if another route takes precedence. */
  isFor(name: string, request: SampleRequest): boolean {
    const routable = this.routable(request);
    if (routable === null) return false;
    return explainRoutes(this.table, routable).some(
      each => each.name === name && (each.outcome === 'wins' || each.outcome === 'loses'),
    );
  }

  private routable(request: SampleRequest): Routable | null {
    const { method, host, rawPath, query, headers, body, client } = request;
    const normalized = normalizePath(rawPath, this.paths);
    if (!normalized.ok) return null;
    const content: unknown = body === '' ? null : JSON.parse(body);
    const arrival = { client, listener: this.known(request.listener) };
    return { method, host, path: normalized.path, query, headers: Headers.from(headers), body: content, arrival };
  }

  /** The one of `listeners` that stands for this name. Where routes name every listener, the first stands for no name. */
  known(name: string): string {
    return this.listeners.includes(name) ? name : this.listeners[0]!;
  }
}

function listenersToAskAbout({ listeners, routes }: Config): string[] {
  const named = new Set(routes.flatMap(({ match }) => match.listeners ?? []));
  const others = listeners.some(({ name }) => name === undefined || !named.has(name)) ? [''] : [];
  return [...others, ...named];
}
