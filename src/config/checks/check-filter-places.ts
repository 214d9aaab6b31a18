// Checks whether each filter gets what it needs from its place: a caller that an earlier filter has identified, parameters of the route's
// path, routes and consumers that exist. What a filter needs is stated in the filter's own config.ts.

import { type CallerPart, callerParts } from '../../base/schema/caller-part.ts';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import { optionalOf } from '../../base/schema/optional-login.ts';
import type { FilterConfig, Problem, RouteConfig } from '../config.ts';
import { type Checked, checkValue } from '../problems/schema-problems.ts';
import { isChainUse } from '../schemas/chain-use.ts';
import { type FilterSchema, filterOrChainSchema, innerFilters } from '../schemas/filter-schema.ts';
import { elementNames, fieldOf, listOf } from '../written.ts';
import type { CheckedParts } from './check-document.ts';
import { checkOptionalFilters } from './check-optional-filters.ts';
import { parametersOf } from './path-parameters.ts';
import { allRoutes, type RoutesToCheck } from './routes-to-check.ts';

type Path = readonly (string | number)[];
type Settings = Readonly<Record<string, unknown>>;

/**
 * A filter that has an error of its own is skipped, and is assumed to identify the caller. Without warnings in the last configuration, only
 * the routes that have changed are checked.
 */
export function checkFilterPlaces(
  settings: Settings,
  parts: CheckedParts,
  schemas: readonly FilterSchema[],
  changedRoutes: RoutesToCheck,
): Problem[] {
  const { filters, routes } = parts;
  const byName = new Map(schemas.map(schema => [schema.name, schema]));
  const remembers = filters.some(filter => filter !== undefined && byName.get(filter.name)?.remembersAnswers === true);
  // Because: a global filter that remembers responses is checked against the filters of all routes.
  const { from, to, all } = remembers ? allRoutes(parts) : changedRoutes;
  if (!(all && filters.length > 0) && routes.slice(from, to).every(hasNoPlaces)) return [];
  const check = new PlaceCheck(settings, parts, byName);
  check.globalChain();
  for (let at = from; at < to; at++) if (!hasNoPlaces(routes[at])) check.route(at);
  check.answeredEarly(filters, ['filters'], remembers ? routes.flatMap(route => route?.filters ?? []) : []);
  return check.problems;
}

type Chain = readonly (FilterConfig | undefined)[];
/** What filters can know of a caller; null where none of them identifies it. */
type Known = ReadonlySet<CallerPart> | null;

const everything: ReadonlySet<CallerPart> = new Set(callerParts);
const nothing: ReadonlySet<CallerPart> = new Set();

class PlaceCheck {
  readonly problems: Problem[] = [];
  private readonly settings: Settings;
  private readonly parts: CheckedParts;
  private readonly byName: ReadonlyMap<string, FilterSchema>;
  private readonly element: ReturnType<typeof filterOrChainSchema>;
  private readonly names: Pick<FilterSurroundings, 'routes' | 'consumers' | 'plans' | 'tagValues'>;
  private readonly values = new Map<string, ReadonlyMap<string, string>>();
  /** What is known after the global chain. */
  private known: Known = null;

  constructor(settings: Settings, parts: CheckedParts, byName: ReadonlyMap<string, FilterSchema>) {
    this.settings = settings;
    this.parts = parts;
    this.byName = byName;
    this.element = filterOrChainSchema([...byName.values()]);
    this.names = {
      routes: elementNames(settings['routes']),
      consumers: elementNames(settings['consumers']),
      plans: parts.plans.filter(plan => plan !== undefined),
      tagValues: tag => this.valuesOf(tag),
    };
  }

  globalChain(): void {
    this.known = this.visit(this.parts.filters, ['filters'], null, null);
    this.problems.push(...checkOptionalFilters([], this.parts.filters, ['filters'], this.names.consumers));
  }

  route(at: number): void {
    const { filters, routes } = this.parts;
    const route = routes[at];
    const written = listOf(this.settings['routes'])[at];
    // A route with an error still has filters without one, and an error in one place must not hide an error in another.
    const chain =
      route?.filters ?? listOf(fieldOf(written, 'filters')).map(each => goodFilter(checkValue(this.element, each)));
    const cache = route?.fallback?.cache;
    if (cache !== undefined) {
      const whole = [...filters, ...chain];
      const problem = keptProblem(cache.by === 'consumer', whole.find(this.identifiesCaller));
      if (problem !== null && !whole.includes(undefined))
        this.problems.push({ path: ['routes', at, 'fallback', 'cache'], severity: 'error', ...problem });
    }
    if (chain.length === 0) return;
    const pattern = route?.match.path ?? fieldOf(fieldOf(written, 'match'), 'path');
    const path = ['routes', at, 'filters'];
    this.visit(chain, path, this.known, typeof pattern === 'string' ? parametersOf(pattern) : null);
    this.problems.push(...checkOptionalFilters(filters, chain, path, this.names.consumers));
    this.answeredEarly(chain, path, []);
  }

  /**
   * Reports filters that give out remembered responses before a later filter has identified the caller: a repeated request would get a
   * response that the later filter, in this chain or in `following`, might refuse to its caller.
   */
  answeredEarly(chain: Chain, path: Path, following: Chain): void {
    for (const [at, filter] of chain.entries()) {
      if (filter === undefined || this.byName.get(filter.name)?.remembersAnswers !== true) continue;
      const later = chain.slice(at + 1).find(this.identifiesCaller) ?? following.find(this.identifiesCaller);
      if (later === undefined) continue;
      const message = `${filter.name} gives out kept responses before ${later.name} has identified the caller: put it after that`;
      this.problems.push({ path: [...path, at, filter.name], message, severity: 'error', at: 'key' });
    }
  }

  /** Collects the problems of a chain's filters with their places. Returns what is known after the chain. */
  private visit(chain: Chain, path: Path, before: Known, pathParameters: readonly string[] | null): Known {
    let known = before;
    for (const [at, filter] of chain.entries()) {
      if (filter === undefined) {
        known = everything;
        continue;
      }
      const around = { knowsCaller: known !== null, knownOfCaller: known ?? nothing, pathParameters };
      this.ofPlace(filter, [...path, at], { ...this.names, ...around });
      if (this.identifiesCaller(filter)) known = new Set([...(known ?? []), ...this.madeKnown(filter)]);
    }
    return known;
  }

  private madeKnown(filter: FilterConfig): readonly CallerPart[] {
    const schema = this.byName.get(filter.name);
    if (schema?.nests === true) return innerFilters(filter, schema).flatMap(inner => this.madeKnown(inner));
    const parts = schema?.makesKnown?.(filter.config) ?? callerParts;
    return typeof optionalOf(filter)?.consumer === 'string' ? [...parts, 'consumer'] : parts;
  }

  private valuesOf(tag: string): ReadonlyMap<string, string> {
    let values = this.values.get(tag);
    if (values === undefined) {
      values = new Map(
        this.parts.consumers.flatMap(consumer =>
          consumer !== undefined && Object.hasOwn(consumer.tags, tag) ? [[consumer.tags[tag]!, consumer.name]] : [],
        ),
      );
      this.values.set(tag, values);
    }
    return values;
  }

  private ofPlace(filter: FilterConfig, path: Path, around: FilterSurroundings): void {
    const { name, config } = filter;
    const schema = this.byName.get(name);
    for (const problem of schema?.placeProblems?.(config, around) ?? []) {
      this.problems.push({ severity: 'error', ...problem, path: [...path, name, ...problem.path] });
    }
    for (const [at, inner] of innerFilters(filter, schema).entries()) this.ofPlace(inner, [...path, name, at], around);
  }

  private readonly identifiesCaller = (filter: FilterConfig | undefined): boolean => {
    const schema = filter === undefined ? undefined : this.byName.get(filter.name);
    return schema?.identifies === true || schema?.nests === true;
  };
}

/** Whether a route has nothing that depends on the order of its filters. A route with an error is assumed to have something. */
function hasNoPlaces(route: RouteConfig | undefined): boolean {
  return route?.filters.length === 0 && route.fallback === undefined;
}

/**
 * What is wrong with the `cache` of a route's fallback, or null. A response to one caller must not reach another, and a cache that never
 * keeps a response is a setting without effect.
 */
function keptProblem(
  byConsumer: boolean,
  identifying: FilterConfig | undefined,
): Pick<Problem, 'message' | 'absentFrom'> | null {
  if (byConsumer && identifying === undefined) {
    const message = 'no filter of this route identifies the caller, so `by: consumer` would never keep a response';
    return { message, absentFrom: 'filters' };
  }
  if (!byConsumer && identifying !== undefined) {
    const { name } = identifying;
    const message = `${name} identifies the caller, and a response to one caller must not reach another: set \`by: consumer\``;
    return { message };
  }
  return null;
}

/** Undefined also for a chain, which may identify the caller, like a filter with an error. */
function goodFilter(checked: Checked<FilterConfig>): FilterConfig | undefined {
  return checked.ok && !isChainUse(checked.value) ? checked.value : undefined;
}
