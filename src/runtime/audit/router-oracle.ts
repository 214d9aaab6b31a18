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
import type { SampleRequest } from './sample-request.ts';

export interface RoutedTo {
  readonly route: RouteConfig;
  /** Path that the upstream receives, after the route's rewrite. */
  readonly upstreamPath: string;
}

export class RouterOracle {
  private readonly table: RouteTable<Route>;
  private readonly paths: PathPolicy;
  private readonly byName: ReadonlyMap<string, RouteConfig>;

  /** Throws an Error when the configuration cannot be compiled. */
  constructor(config: Config, definitions: FilterDefinitions) {
    const { compiled } = dryCompile(config, definitions);
    if (compiled === null) throw new Error('the configuration has errors');
    this.table = compiled.snapshot.routes;
    this.paths = config.paths;
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

  private routable({ method, host, rawPath, query, headers, body }: SampleRequest): Routable | null {
    const normalized = normalizePath(rawPath, this.paths);
    if (!normalized.ok) return null;
    const content: unknown = body === '' ? null : JSON.parse(body);
    return { method, host, path: normalized.path, query, headers: Headers.from(headers), body: content };
  }
}
