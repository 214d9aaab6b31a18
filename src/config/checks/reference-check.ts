// Checks the references between the parts of a document, each kind by itself. check-references.ts decides which are needed after a change.

import { foreignVariable } from '../../base/foreign-variables.ts';
import { unlistedConsumer } from '../../base/schema/listed-consumers.ts';
import type { PartKey } from '../../base/schema/place-problem.ts';
import { isBare, onlyUpstream } from '../bare-route.ts';
import type { DestinationConfig, Problem, RouteConfig } from '../config.ts';
import { suggestion } from '../problems/nearest-name.ts';
import { checkValue } from '../problems/schema-problems.ts';
import { addressText } from '../schemas/address.ts';
import { destinationSchema } from '../schemas/destination-schema.ts';
import type { FilterSchema } from '../schemas/filter-schema.ts';
import { elementNames, fieldOf, keysOf, listOf } from '../written.ts';
import type { CheckedParts } from './check-document.ts';
import { checkFallback } from './check-fallback.ts';
import { checkRollout } from './check-rollout.ts';
import { parametersAskedFor, parametersOf } from './path-parameters.ts';
import { type NamedUpstream, upstreamsBeside, upstreamsOfDestination } from './route-upstreams.ts';
import { storesOfFilter, storesOfRoute } from './store-references.ts';

type Path = readonly (string | number)[];
type Settings = Readonly<Record<string, unknown>>;

/** Collects problems in `problems`. Each method checks one kind of reference. */
export class ReferenceCheck {
  readonly problems: Problem[] = [];
  private readonly settings: Settings;
  private readonly placeText: (path: Path) => string;
  private routeNamesFound: ReadonlySet<string> | null = null;
  private consumerNamesFound: ReadonlySet<string> | null = null;
  private listenerNamesFound: ReadonlySet<string> | null = null;

  constructor(settings: Settings, placeText: (path: Path) => string) {
    this.settings = settings;
    this.placeText = placeText;
  }

  /** Reports names that two elements of a list have. Names are taken as written. */
  checkUniqueNames(key: string, noun: string): void {
    const firstAt = new Map<string, number>();
    const list = listOf(this.settings[key]);
    for (let at = 0; at < list.length; at++) {
      const name = fieldOf(list[at], 'name');
      if (typeof name !== 'string') continue;
      const first = firstAt.get(name);
      if (first === undefined) firstAt.set(name, at);
      else
        this.fail(
          [key, at, 'name'],
          `two ${noun}s are named "${name}"; the first is in ${this.placeText([key, first, 'name'])}`,
        );
    }
  }

  checkListeners({ listeners, admin }: CheckedParts): void {
    const firstAt = new Map<string, number>();
    const everywhere = new Set(listeners.map(listener => (listener?.host === '' ? listener.port : 0)));
    for (const [at, listener] of listeners.entries()) {
      if (listener === undefined || listener.port === 0) continue;
      const { host, port } = listener;
      // `:8080` takes the port in both address families, so that it conflicts with the wildcard address of either.
      const isTaken = (host === '0.0.0.0' || host === '::') && everywhere.has(port);
      const address = addressText(isTaken ? { host: '', port } : listener);
      const first = firstAt.get(address);
      const path = ['listeners', at, 'address'];
      if (first === undefined) firstAt.set(address, at);
      else
        this.fail(
          path,
          `two listeners have the address ${address}; the first is in ${this.placeText(['listeners', first, 'address'])}`,
        );
      if (admin?.enabled === true && addressText(admin) === address) {
        this.fail(path, `${address} is the address of the admin endpoint as well`);
      }
    }
  }

  checkPlans({ consumers }: CheckedParts): void {
    const known = keysOf(this.settings['plans']);
    for (const [at, consumer] of consumers.entries()) {
      const plan = consumer?.plan ?? null;
      if (plan !== null) this.expectKnown(known, 'plans', plan, ['consumers', at, 'plan']);
    }
  }

  /** Reports keys that two consumers share, and keys that name a plan or route that does not exist. */
  checkKeys({ consumers }: CheckedParts): void {
    const ownerOf = new Map<string, string>();
    const plans = keysOf(this.settings['plans']);
    for (const [at, consumer] of consumers.entries()) {
      for (const [index, { hash, plan, routes: names }] of (consumer?.keys ?? []).entries()) {
        const path = ['consumers', at, 'keys', index];
        const owner = ownerOf.get(hash);
        if (owner === undefined) ownerOf.set(hash, consumer!.name);
        else this.fail([...path, 'hash'], `this is a key of the consumer "${owner}" as well`);
        if (plan !== null) this.expectKnown(plans, 'plans', plan, [...path, 'plan']);
        for (const [place, name] of (names ?? []).entries()) {
          this.expectKnown(this.routeNames(), 'routes', name, [...path, 'routes', place]);
        }
      }
    }
  }

  /** Returns the upstreams that no route leads to. `unusedBefore` is the result of the last good load; null when all routes are checked. */
  checkRoutes(
    { routes, upstreams }: CheckedParts,
    from: number,
    end: number,
    unusedBefore: ReadonlySet<string> | null,
  ): ReadonlySet<string> {
    const known = keysOf(this.settings['upstreams']);
    const used = new Set<string>();
    const written = listOf(this.settings['routes']);
    for (let at = from; at < end; at++) {
      const route = routes[at];
      if (route !== undefined && /\/[:<]/.test(route.match.path)) this.checkForeignParameter(route.match.path, at);
      if (route?.match.listeners !== undefined) this.checkListenerNames(route.match.listeners, written[at], at);
      const only = route === undefined ? null : onlyUpstream(route);
      if (only !== null && known.has(only)) {
        used.add(only);
        continue;
      }
      const to = route?.to ?? destinationOf(written[at]);
      const beside = route === undefined ? writtenBeside(written[at]) : upstreamsBeside(route);
      const named = to === undefined ? beside : upstreamsOfDestination(to).concat(beside);
      for (const { name, path: place } of named) {
        used.add(name);
        this.expectKnown(known, 'upstreams', name, ['routes', at, ...place]);
      }
      if (route !== undefined) this.checkAgreements(route, at, upstreams);
      this.checkTemplates(route, written[at], to, at);
    }
    const isReadable = (this.settings['routes'] ?? null) === null || Array.isArray(this.settings['routes']);
    if (written.length === 0 && isReadable)
      this.warn([], 'there are no routes, so every request is answered with 404', { absentFrom: 'routes' });
    const unused = (unusedBefore ?? known).difference(used);
    // A reference that leads nowhere may mean the upstream that seems unused, and a route with an error may lead to it.
    const isClear = isReadable && !routes.slice(from, end).includes(undefined) && used.isSubsetOf(known);
    if (isClear) this.warnOfUnused(unused, upstreams);
    return unused;
  }

  private warnOfUnused(unused: ReadonlySet<string>, upstreams: CheckedParts['upstreams']): void {
    for (const name of unused) {
      if (upstreams.some(upstream => upstream?.name === name))
        this.warn(['upstreams', name], `no route leads to the upstream "${name}"`, { at: 'key', absentFrom: 'routes' });
    }
  }

  /** Checks the stores that the global chain and these routes name. */
  checkStores({ filters, routes }: CheckedParts, schemas: readonly FilterSchema[], from: number, end: number): void {
    const known = keysOf(this.settings['stores']);
    const byName = new Map(schemas.map(schema => [schema.name, schema]));
    for (const [at, filter] of filters.entries()) {
      if (filter === undefined) continue;
      for (const { name, path } of storesOfFilter(filter, byName))
        this.expectKnown(known, 'stores', name, ['filters', at, filter.name, ...path]);
    }
    for (let at = from; at < end; at++) {
      const route = routes[at];
      if (route === undefined || isBare(route)) continue;
      for (const { name, path } of storesOfRoute(route, byName))
        this.expectKnown(known, 'stores', name, ['routes', at, ...path]);
    }
  }

  /** Checks the parameters in what a rewrite and a redirect are made of. `route` is undefined when other parts of it are wrong. */
  private checkTemplates(
    route: RouteConfig | undefined,
    written: unknown,
    to: DestinationConfig | undefined,
    at: number,
  ): void {
    const path = route?.match.path ?? fieldOf(fieldOf(written, 'match'), 'path');
    if (typeof path !== 'string') return;
    const rewrite = route?.rewrite?.path ?? fieldOf(fieldOf(written, 'rewrite'), 'path');
    if (typeof rewrite === 'string') this.checkParameters(rewrite, path, ['routes', at, 'rewrite', 'path'], []);
    if (to?.kind === 'redirect')
      this.checkParameters(to.url, path, ['routes', at, 'to', 'redirect', 'url'], ['host', 'path', 'query']);
  }

  /** Checks the settings of a route against its destination, other routes and consumers. */
  private checkAgreements(route: RouteConfig, at: number, upstreams: CheckedParts['upstreams']): void {
    const fail = (path: Path, message: string) => this.fail(['routes', at, ...path], message);
    checkFallback(route, upstreams, fail);
    checkRollout(route, upstreams, fail);
    for (const [index, name] of (route.canary?.always.consumers ?? []).entries()) {
      this.consumerNamesFound ??= elementNames(this.settings['consumers']);
      if (this.consumerNamesFound.has(name)) continue;
      const place = ['routes', at, 'canary', 'always', 'consumers', index];
      this.warn(place, unlistedConsumer(name), { absentFrom: 'consumers' });
    }
    for (const [index, { by }] of (route.audit?.accept ?? []).entries()) {
      this.expectKnown(this.routeNames(), 'routes', by, ['routes', at, 'audit', 'accept', index, 'by']);
    }
  }

  private checkListenerNames(names: readonly string[], written: unknown, at: number): void {
    this.listenerNamesFound ??= elementNames(this.settings['listeners']);
    const known = this.listenerNamesFound;
    const place = ['routes', at, 'match', 'listener'];
    const isList = Array.isArray(fieldOf(fieldOf(written, 'match'), 'listener'));
    for (const [index, name] of names.entries()) {
      const path = isList ? [...place, index] : place;
      if (known.size > 0) this.expectKnown(known, 'listeners', name, path);
      else {
        const message = `no listener has a name: write { name: ${name}, address: ... } for the one that is meant`;
        this.fail(path, message, { absentFrom: 'listeners' });
      }
    }
  }

  /** Warns of parameters in the notation of other routers: here the path would match the letters literally. */
  private checkForeignParameter(path: string, at: number): void {
    const [, written, colon, angle] = /^\/(?:.*\/)?(:([A-Za-z_]\w*)|<([A-Za-z_]\w*)>)(?:\/|$)/.exec(path) ?? [];
    if (written === undefined) return;
    const message = `\`${written}\` is taken literally: a parameter is written {${colon ?? angle}}`;
    this.warn(['routes', at, 'match', 'path'], message);
  }

  private checkParameters(template: string, path: string, place: Path, always: readonly string[]): void {
    const group = /\$[0-9]/.exec(template)?.[0];
    if (group !== undefined) {
      const message = `\`${group}\` is taken literally: name the group, as in \`~/users/(?<id>[0-9]+)\`, and write {id}`;
      this.warn(place, message);
    }
    const foreign = foreignVariable(template);
    if (foreign !== undefined && !foreign.letters.startsWith('{')) {
      const known = [...always, ...parametersOf(path)].map(each => `{${each}}`);
      const list = known.length === 0 ? '' : `; what is filled in here is ${known.join(', ')}`;
      this.warn(place, `\`${foreign.letters}\` is taken literally${list}`);
    }
    if (!template.includes('{')) return;
    const dollar = /\$\{[A-Za-z_][\w*-]*\}/.exec(template)?.[0];
    if (dollar !== undefined) {
      this.warn(place, `the \`$\` of \`${dollar}\` is sent literally: here it is written ${dollar.slice(1)}`);
    }
    const known = [...always, ...parametersOf(path)];
    for (const name of parametersAskedFor(template)) {
      if (known.includes(name)) continue;
      const list =
        known.length === 0
          ? '; it has none'
          : suggestion(name, known) || `; there are ${known.map(each => `{${each}}`).join(', ')}`;
      this.fail(place, `the path ${JSON.stringify(path)} has no parameter {${name}}${list}`);
    }
  }

  /** Reports a name that is not in `known`. */
  private expectKnown(known: ReadonlySet<string>, absentFrom: PartKey, name: string, path: Path): void {
    if (known.has(name)) return;
    const noun = absentFrom.slice(0, -1);
    this.fail(path, `there is no ${noun} "${name}"${nearest(name, known)}`, { absentFrom });
  }

  /** Names of routes as written. Collected once, because every route may name others. */
  private routeNames(): ReadonlySet<string> {
    this.routeNamesFound ??= elementNames(this.settings['routes']);
    return this.routeNamesFound;
  }

  private fail(path: Path, message: string, more: Pick<Problem, 'absentFrom'> = {}): void {
    this.problems.push({ path, message, severity: 'error', ...more });
  }

  private warn(path: Path, message: string, more: Pick<Problem, 'at' | 'absentFrom'> = {}): void {
    this.problems.push({ path, message, severity: 'warning', ...more });
  }
}

function nearest(written: string, known: ReadonlySet<string>): string {
  if (known.size === 0) return '; there are none';
  const near = suggestion(written, known);
  if (near !== '') return near;
  return known.size > 10 ? '' : `; there are ${[...known].sort().join(', ')}`;
}

/** Like `upstreamsBeside`, for a route that could not be checked as a whole. */
function writtenBeside(route: unknown): NamedUpstream[] {
  return ['fallback', 'canary', 'mirror'].flatMap(key => {
    const name = fieldOf(fieldOf(route, key), 'upstream');
    return typeof name === 'string' && name !== '' ? [{ name, path: [key, 'upstream'] }] : [];
  });
}

/** The destination of a route that could not be checked as a whole; undefined when the destination has an error. */
function destinationOf(route: unknown): DestinationConfig | undefined {
  const checked = checkValue(destinationSchema, fieldOf(route, 'to'));
  return checked.ok ? checked.value : undefined;
}
