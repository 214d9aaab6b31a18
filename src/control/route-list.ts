// Routes as programs and people read them in a list: what they match and where they lead, without defaults.

import { optionalOf } from '../base/schema/optional-login.ts';
import type { Config, DestinationConfig, FilterConfig, RouteConfig } from '../config/config.ts';
import { asWritten } from '../config/output/as-written.ts';

export interface ListedRoute {
  readonly name: string;
  readonly hosts: readonly string[];
  readonly path: string;
  readonly methods: readonly string[];
  /** Names of the listeners at which the route holds; empty for every one. */
  readonly listeners: readonly string[];
  /** CIDR blocks of the clients for which the route holds; empty for every client. */
  readonly clients: readonly string[];
  /** Number of other conditions. */
  readonly conditions: number;
  readonly filters: readonly string[];
  readonly to: string;
  readonly public: boolean;
}

/** In the order of the file. Values from outside appear as references, as in the file: a path or an address may hold a secret. */
export function listRoutes(config: Config): ListedRoute[] {
  return config.routes.map(route => {
    // Because: asWritten replaces only texts, so the shape stays that of a route.
    const { match, to } = asWritten(config, { match: route.match, to: route.to }) as Pick<RouteConfig, 'match' | 'to'>;
    const { hosts, path, methods, headers, query, cookies, body, listeners = [], clients = [] } = match;
    return {
      name: route.name,
      hosts,
      path,
      methods,
      listeners,
      clients,
      conditions: headers.length + query.length + cookies.length + body.length,
      filters: route.filters.map(filterText),
      to: `${destinationText(to)}${route.canary === undefined ? '' : `, canary ${route.canary.upstream}`}`,
      public: route.public,
    };
  });
}

/** A filter's name, with a mark on one that lets callers without a credential pass: a program that looks for guards finds none. */
export function filterText(filter: FilterConfig): string {
  return optionalOf(filter) === null ? filter.name : `${filter.name} (optional)`;
}

/** Describes a destination: `users`, `users-v2 5 / users-v1 95`, `reply 204`, `redirect 308 https://...`. */
export function destinationText(to: DestinationConfig): string {
  switch (to.kind) {
    case 'upstream':
      return to.upstream;
    case 'split':
      return to.targets.map(({ upstream, weight }) => `${upstream} ${weight}`).join(' / ');
    case 'reply':
      return `reply ${to.reply.status}`;
    case 'redirect':
      return `redirect ${to.status} ${to.url}`;
  }
}
