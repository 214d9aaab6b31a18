// Puts the filters of chains in the place of `{ chain: NAME }`, so that whatever comes after sees nothing but filters. The filters are
// those that were checked once with the chain; a route only gets a list that holds them.

import type { ChainConfig, FilterConfig, Problem, RouteConfig } from '../config.ts';
import { suggestion } from '../problems/nearest-name.ts';
import { chainUsedIn, isChainUse } from '../schemas/chain-use.ts';
import { fieldOf, keysOf, listOf } from '../written.ts';
import type { CheckedParts } from './check-document.ts';
import { RouteSearch } from './route-search.ts';

type Path = Problem['path'];
type Settings = Readonly<Record<string, unknown>>;
type Filters = readonly (FilterConfig | undefined)[];

export interface ExpandedChains {
  /** Without uses of chains. A route that uses a chain that is missing or has an error is undefined, like a route with an error of its own. */
  readonly parts: CheckedParts;
  readonly problems: readonly Problem[];
}

/** Uses of chains in `filters` and in the filters of routes. Unchanged lists and routes stay the same objects over reloads. */
export function expandChains(settings: Settings, parts: CheckedParts): ExpandedChains {
  const expansion = new Expansion(settings, parts.chains);
  const filters = expansion.list(parts.filters, ['filters']);
  let routes = parts.routes;
  const places = chainUsers.placesIn(routes);
  if (places.length > 0) {
    const expanded = [...routes];
    for (const at of places) expanded[at] = expansion.route(routes[at]!, at);
    routes = kept(routes, expanded);
  }
  if (!routes.includes(undefined) && !filters.includes(undefined)) expansion.warnOfUnused();
  const isSame = filters === parts.filters && routes === parts.routes;
  return { parts: isSame ? parts : { ...parts, filters, routes }, problems: expansion.problems };
}

const chainUsers = new RouteSearch(({ filters }) => filters.some(isChainUse));

/** The last expansion of a list, by the list as it was checked. */
const lastOf = new WeakMap<readonly unknown[], readonly unknown[]>();

/** What a route became, by the route as it was checked. The same again as long as `chains`, which it uses, are the same. */
const lastRouteOf = new WeakMap<
  RouteConfig,
  { readonly expanded: RouteConfig; readonly chains: readonly ChainConfig[] }
>();

/** `now`, or the last result for this list when both have the same elements. */
function kept<Element>(list: readonly Element[], now: readonly Element[]): readonly Element[] {
  // Because: what is kept for a list was made of its elements by the same code.
  const last = (lastOf.get(list) ?? list) as readonly Element[];
  if (last.length === now.length && last.every((each, at) => each === now[at])) return last;
  const frozen = Object.freeze(now);
  lastOf.set(list, frozen);
  return frozen;
}

/** The filters of a chain as routes hold them, by the chain as it was checked. */
const markedOf = new WeakMap<ChainConfig, readonly FilterConfig[]>();

function marked(chain: ChainConfig): readonly FilterConfig[] {
  let filters = markedOf.get(chain);
  if (filters === undefined) {
    filters = Object.freeze(chain.filters.map(filter => Object.freeze({ ...filter, chain: chain.name })));
    markedOf.set(chain, filters);
  }
  return filters;
}

class Expansion {
  readonly problems: Problem[] = [];
  private readonly written: ReadonlySet<string>;
  private readonly chains: ReadonlyMap<string, ChainConfig>;
  private readonly used = new Set<string>();

  constructor(settings: Settings, chains: CheckedParts['chains']) {
    this.written = keysOf(settings['chains']);
    this.chains = new Map(chains.flatMap(chain => (chain === undefined ? [] : [[chain.name, chain]])));
  }

  route(route: RouteConfig, at: number): RouteConfig | undefined {
    const last = lastRouteOf.get(route);
    if (last?.chains.every(this.isCurrent) === true) return last.expanded;
    const filters = this.list(route.filters, ['routes', at, 'filters']);
    if (filters.includes(undefined)) return undefined;
    // Because: the line above has found no element that is undefined.
    const expanded = Object.freeze({ ...route, filters: filters as readonly FilterConfig[] });
    const chains = route.filters.filter(isChainUse).map(({ config }) => this.chains.get(String(config))!);
    lastRouteOf.set(route, { expanded, chains });
    return expanded;
  }

  /** Whether a chain that a route uses is the one of this document. Counts as its use. */
  private readonly isCurrent = (chain: ChainConfig): boolean => {
    this.used.add(chain.name);
    return this.chains.get(chain.name) === chain;
  };

  /** In place of a chain that is missing or has an error there is one undefined element. */
  list(list: Filters, path: Path): Filters {
    if (!list.some(filter => filter !== undefined && isChainUse(filter))) return list;
    const [only] = list;
    // A list of one chain, as most are, is that of the chain itself.
    if (list.length === 1) return this.filtersOf(only!, [...path, 0]);
    const expanded: (FilterConfig | undefined)[] = [];
    for (const [at, filter] of list.entries()) {
      if (filter === undefined || !isChainUse(filter)) expanded.push(filter);
      else expanded.push(...this.filtersOf(filter, [...path, at]));
    }
    return kept(list, expanded);
  }

  warnOfUnused(): void {
    for (const name of this.chains.keys()) {
      if (this.used.has(name)) continue;
      const message = `nothing uses the chain "${name}"`;
      this.problems.push({ path: ['chains', name], message, severity: 'warning', at: 'key', absentFrom: 'routes' });
    }
  }

  private filtersOf({ config }: FilterConfig, path: Path): Filters {
    const name = String(config);
    this.used.add(name);
    const chain = this.chains.get(name);
    if (chain !== undefined) return marked(chain);
    if (!this.written.has(name)) {
      const list = [...this.written].sort().join(', ');
      const known =
        this.written.size === 0 ? '; there are none' : suggestion(name, this.written) || `; there are ${list}`;
      const message = `there is no chain "${name}"${known}`;
      this.problems.push({ path: [...path, 'chain'], message, severity: 'error', absentFrom: 'chains' });
    }
    return [undefined];
  }
}

/**
 * Where a filter is written, for the path of a filter in an expanded list: in the list itself, or in `chains`. `route` is the name of the
 * route whose list it is, when the filter is written elsewhere; paths of anything else are returned as they are.
 */
export function whereWritten(
  path: Path,
  settings: Settings,
  { chains, routes }: CheckedParts,
): { readonly path: Path; readonly route?: string } {
  const ofRoute = path[0] === 'routes' && path[2] === 'filters';
  const before = ofRoute ? 3 : 1;
  const index = path[before];
  if ((!ofRoute && path[0] !== 'filters') || typeof index !== 'number') return { path };
  const route = ofRoute ? routes[Number(path[1])] : undefined;
  // The filters of a route with an error are checked as they are written.
  if (ofRoute && route === undefined) return { path };
  const list = ofRoute ? fieldOf(listOf(settings['routes'])[Number(path[1])], 'filters') : settings['filters'];
  let left = index;
  for (const [at, element] of listOf(list).entries()) {
    const name = chainUsedIn(element);
    const chain = name === undefined ? undefined : chains.find(each => each?.name === name);
    const length = chain?.filters.length ?? 1;
    if (left >= length) {
      left -= length;
      continue;
    }
    const inside = path.slice(before + 1);
    if (chain === undefined) return { path: [...path.slice(0, before), at, ...inside] };
    const found = ['chains', chain.name, left, ...inside];
    return route === undefined ? { path: found } : { path: found, route: route.name };
  }
  return { path };
}
