// Builds a route table, a route at a time so that the loop of a worker that serves meanwhile is never held up.

import type { LinearRegex } from '../base/linear-regex.ts';
import { byPrecedence, Candidate, ConditionCompiler } from './candidate.ts';
import { Claims } from './conflicts.ts';
import { HostRoots, hostPatternError } from './host-roots.ts';
import type { MatchSpec } from './match.ts';
import { MethodSet } from './method-set.ts';
import { type PathPattern, PathPatternError, parsePathPattern } from './path-pattern.ts';
import { type CandidateList, PathTrie } from './path-trie.ts';
import type { RouteProblem } from './route-problem.ts';
import { RouteTable } from './route-table.ts';

export interface RouteSpec<T> {
  readonly name: string;
  readonly match: MatchSpec;
  readonly value: T;
}

export interface BuiltRouteTable<T> {
  readonly table: RouteTable<T>;
  /** Empty when every route is in the table and can win something. */
  readonly problems: readonly RouteProblem[];
}

const everyHost: readonly string[] = ['*'];

/** Takes routes in the order written; `finish` ends its use. */
export class RouteTableBuilder<T> {
  private readonly trie = new PathTrie<T>();
  private readonly hosts = new HostRoots<T>(this.trie);
  private readonly claims = new Map<CandidateList<T>, Claims>();
  private readonly regexClaims = new Map<string, Claims>();
  private readonly problems: RouteProblem[] = [];
  /** Lists with more than one route, which have to be sorted. */
  private readonly unsorted = new Set<CandidateList<T>>();
  private readonly compiled = new Map<string, LinearRegex>();
  private readonly compiledBefore: ReadonlyMap<string, LinearRegex> | null;
  private readonly conditions: ConditionCompiler;
  /** Routes name the same few hosts and methods over and over. */
  private readonly goodHosts = new Set<string>();
  private readonly methodSets = new Map<string, MethodSet>();
  private count = 0;

  /** `previous` lends the regexes that it has compiled. */
  constructor(previous?: RouteTable<T>) {
    this.compiledBefore = previous?.compiled ?? null;
    this.conditions = new ConditionCompiler(this.compiled, this.problems);
  }

  /** Adds a route. Gives what is wrong with it, if anything is; a route that cannot be read stays out of the table. */
  add(spec: RouteSpec<T>): RouteProblem | null {
    const problemsBefore = this.problems.length;
    const index = this.count++;
    const { match } = spec;
    this.borrow(match);
    const pattern = parsePathPattern(match.path, this.compiled);
    if (pattern instanceof PathPatternError) this.report(index, ['match', 'path'], pattern.message);
    const onHead = this.conditions.onHead(match, index);
    const onBody = this.conditions.onBody(match, index);
    for (let i = 0; i < match.hosts.length; i++) {
      const host = match.hosts[i]!;
      if (this.goodHosts.has(host)) continue;
      const error = hostPatternError(host);
      if (error === '') this.goodHosts.add(host);
      else this.report(index, ['match', 'host'], error);
    }
    if (this.problems.length === problemsBefore && !(pattern instanceof PathPatternError)) {
      const candidate = new Candidate<T>(
        index,
        spec.name,
        spec.value,
        match,
        pattern,
        this.methodsOf(match),
        onHead,
        onBody,
      );
      this.place(candidate, match.hosts.length === 0 ? everyHost : match.hosts, pattern);
    }
    return this.problems[problemsBefore] ?? null;
  }

  /** The table, and everything that is wrong. Cheap: only routes that share a path are still to be sorted. */
  finish(): BuiltRouteTable<T> {
    for (const list of this.unsorted) list.sort(byPrecedence);
    this.hosts.link();
    return { table: new RouteTable<T>(this.count, this.hosts, this.trie, this.compiled), problems: this.problems };
  }

  private place(candidate: Candidate<T>, hosts: readonly string[], pattern: PathPattern): void {
    let takenBy: number | null = null;
    let free = 0;
    for (let i = 0; i < hosts.length; i++) {
      const host = hosts[i]!;
      if (i > 0 && hosts.indexOf(host) < i) continue;
      const taken = this.placeUnder(host, candidate, pattern);
      if (taken === null) free++;
      else takenBy ??= taken;
    }
    if (free > 0 || takenBy === null) return;
    const message = `the route can never be chosen: route ${takenBy + 1} before it matches the same hosts, path and conditions and serves the same methods`;
    this.problems.push({ routeIndex: candidate.index, otherIndex: takenBy, path: ['match'], message });
  }

  /** The earlier route that leaves nothing to this one under this host, or null. */
  private placeUnder(host: string, candidate: Candidate<T>, pattern: PathPattern): number | null {
    const root = this.hosts.root(host);
    if (pattern.regex !== null) {
      this.append(root.regexes, candidate);
      const key = `${host} ${pattern.source}`;
      let claims = this.regexClaims.get(key);
      if (claims === undefined) this.regexClaims.set(key, (claims = new Claims()));
      return claims.add(candidate);
    }
    const node = this.trie.insert(root.paths, pattern.segments, pattern.open);
    const list = pattern.open ? (node.open ??= []) : (node.whole ??= []);
    this.append(list, candidate);
    if (list.length === 1) return null;
    let claims = this.claims.get(list);
    if (claims === undefined) {
      this.claims.set(list, (claims = new Claims()));
      claims.add(list[0]!);
    }
    return claims.add(candidate);
  }

  private methodsOf({ methods }: MatchSpec): MethodSet {
    const key = methods.join(' ');
    let set = this.methodSets.get(key);
    if (set === undefined) this.methodSets.set(key, (set = new MethodSet(methods)));
    return set;
  }

  private append(list: CandidateList<T>, candidate: Candidate<T>): void {
    list.push(candidate);
    if (list.length === 2) this.unsorted.add(list);
  }

  private report(routeIndex: number, path: (string | number)[], message: string): void {
    this.problems.push({ routeIndex, otherIndex: null, path, message });
  }

  /** Takes over the regexes that this route needs and the table before has. */
  private borrow(match: MatchSpec): void {
    const before = this.compiledBefore;
    if (before === null || before.size === 0) return;
    const take = (source: string) => {
      const regex = before.get(source);
      if (regex !== undefined) this.compiled.set(source, regex);
    };
    if (match.path.startsWith('~')) take(match.path.slice(1));
    for (const { match: value } of [...match.headers, ...match.query, ...match.cookies, ...match.body]) {
      if (value.kind === 'regex') take(value.source);
    }
  }
}

/** Routes between two places where the caller may let the loop turn: some 0.3 ms of work. */
const routesPerStep = 100;

/** Builds in steps: run it to its end, turning the loop where it yields. */
export function* buildRouteTable<T>(
  specs: Iterable<RouteSpec<T>>,
  previous?: RouteTable<T>,
): Generator<void, BuiltRouteTable<T>> {
  const builder = new RouteTableBuilder<T>(previous);
  let count = 0;
  for (const spec of specs) {
    builder.add(spec);
    if (++count % routesPerStep === 0) yield;
  }
  return builder.finish();
}
