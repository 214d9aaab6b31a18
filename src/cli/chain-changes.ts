// Tells the changes of a chain once, under its name, and not again in every route that uses it.

import type { ChainConfig, Config, FilterConfig } from '../config/config.ts';
import { routesText } from '../config/problems/problem-order.ts';

/** Most routes that a change names. */
const ROUTES_NAMED_MAX = 20;

/**
 * The filters of one place in both configurations, for a comparison. Where both use the same chains, those stand by their names alone;
 * otherwise there are the filters that run, however they are written.
 */
export function comparable(
  [one, other]: readonly [readonly FilterConfig[], readonly FilterConfig[]],
  [before, after]: readonly [Config, Config],
): readonly [readonly object[], readonly object[]] {
  const pair = [byName(one, before), byName(other, after)] as const;
  const [used, usedNow] = pair.map(chainsIn);
  return used === usedNow ? pair : [one.map(plain), other.map(plain)];
}

/** The routes that use a chain in both configurations, together with the same others; `filters` for the global chain. */
export function placesOf({ name }: ChainConfig, before: Config, after: Config): string {
  const routesBefore = new Map(before.routes.map(route => [route.name, route]));
  const names = after.routes
    .filter(({ name: route, filters }) =>
      usesBoth(name, routesBefore.get(route)?.filters ?? [], filters, before, after),
    )
    .map(route => route.name);
  const all = usesBoth(name, before.filters, after.filters, before, after) ? ['every route'] : [];
  return [...all, ...(names.length === 0 ? [] : [routesText(names, ROUTES_NAMED_MAX)])].join(' and ');
}

function usesBoth(
  chain: string,
  one: readonly FilterConfig[],
  other: readonly FilterConfig[],
  before: Config,
  after: Config,
): boolean {
  if (!other.some(filter => filter.chain === chain)) return false;
  return chainsIn(byName(one, before)) === chainsIn(byName(other, after));
}

interface NamedChain {
  readonly name: string;
}

/** The filters of a list, and one element for each chain in it. */
function byName(filters: readonly FilterConfig[], { chains }: Config): readonly (FilterConfig | NamedChain)[] {
  const elements: (FilterConfig | NamedChain)[] = [];
  for (let at = 0; at < filters.length; ) {
    const filter = filters[at]!;
    const chain = filter.chain === undefined ? undefined : chains.find(({ name }) => name === filter.chain);
    elements.push(chain === undefined ? filter : { name: `chain ${chain.name}` });
    at += chain?.filters.length ?? 1;
  }
  return elements;
}

/** One text for the same chains in the same order. */
function chainsIn(elements: readonly (FilterConfig | NamedChain)[]): string {
  return elements.flatMap(element => ('config' in element ? [] : [element.name])).join(', ');
}

function plain({ name, config }: FilterConfig): object {
  return { name, config };
}
