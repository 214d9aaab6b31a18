// Builds a route table one route at a time, so that the caller can let the event loop of a serving worker run in between.

import { byPrecedence, type Candidate } from './candidate.ts';
import { CandidateMaker, type RouteSpec } from './candidate-maker.ts';
import { Claims } from './conflicts.ts';
import { HostRoots, hostsOf } from './host-roots.ts';
import type { PathPattern, PathPatternError } from './path-pattern.ts';
import { type CandidateList, PathTrie } from './path-trie.ts';
import type { RouteProblem } from './route-problem.ts';
import { RouteTable } from './route-table.ts';

export interface BuiltRouteTable<T> {
  readonly table: RouteTable<T>;
  /** Empty when every route is in the table and can win some request. */
  readonly problems: readonly RouteProblem[];
}

/** Add routes in the order written, then call `finish` once; do not use the builder afterwards. */
export class RouteTableBuilder<T> {
  private readonly trie = new PathTrie<T>();
  private readonly hosts = new HostRoots<T>(this.trie);
  private readonly claims = new Map<CandidateList<T>, Claims>();
  private readonly regexClaims = new Map<string, Claims>();
  /** Lists with more than one route, which `finish` sorts. */
  private readonly unsorted = new Set<CandidateList<T>>();
  private readonly maker: CandidateMaker<T>;
  private count = 0;

  /** Reuses the regexes that `previous` has compiled. */
  constructor(previous?: RouteTable<T>) {
    this.maker = new CandidateMaker(previous?.compiled ?? new Map());
  }

  /** Adds a route. Returns its first problem, or null. A route that cannot be parsed is not in the table. */
  add(spec: RouteSpec<T>): RouteProblem | null {
    const { problems } = this.maker;
    const problemsBefore = problems.length;
    const candidate = this.maker.make(this.count++, spec);
    if (candidate !== null) this.place(candidate, hostsOf(spec.match));
    return problems[problemsBefore] ?? null;
  }

  /** Parses the path of the route that is added next; `add` then does not parse it again. */
  patternOf(source: string): PathPattern | PathPatternError {
    return this.maker.patternOf(source);
  }

  /** Returns the table and all problems. Cheap: only routes that share a path remain to be sorted. */
  finish(): BuiltRouteTable<T> {
    for (const list of this.unsorted) list.sort(byPrecedence);
    this.hosts.link();
    const { compiled, problems, readsArrival } = this.maker;
    return {
      table: new RouteTable<T>(
        Array.from({ length: this.count }, (_, at) => at),
        this.hosts,
        this.trie,
        compiled,
        readsArrival,
      ),
      problems,
    };
  }

  private place(candidate: Candidate<T>, hosts: readonly string[]): void {
    let takenBy: number | null = null;
    let free = 0;
    for (let i = 0; i < hosts.length; i++) {
      const host = hosts[i]!;
      const taken = this.placeUnder(host, candidate);
      if (taken === null) free++;
      else takenBy ??= taken;
    }
    if (free > 0 || takenBy === null) return;
    const message = `the route can never be chosen: route ${takenBy + 1} before it matches the same hosts, path and conditions and serves the same methods`;
    this.maker.problems.push({ routeIndex: candidate.order, otherIndex: takenBy, path: ['match'], message });
  }

  /** Puts a route under a host. Returns the order of an earlier route that leaves no requests to it there, or null. */
  private placeUnder(host: string, candidate: Candidate<T>): number | null {
    const { pattern } = candidate;
    const root = this.hosts.root(host);
    if (pattern.regex !== null) {
      this.append(root.regexes, candidate);
      const key = `${host} ${pattern.source}`;
      let claims = this.regexClaims.get(key);
      if (claims === undefined) this.regexClaims.set(key, (claims = new Claims()));
      return claims.add(candidate);
    }
    const node = this.trie.insert(root.paths, pattern.segments, pattern.open);
    const held = pattern.open ? node.open : node.whole;
    const list = held === null || Array.isArray(held) ? held : [held];
    if (pattern.open) node.open = list ?? candidate;
    else node.whole = list ?? candidate;
    if (list === null) return null;
    this.append(list, candidate);
    let claims = this.claims.get(list);
    if (claims === undefined) {
      this.claims.set(list, (claims = new Claims()));
      claims.add(list[0]!);
    }
    return claims.add(candidate);
  }

  private append(list: CandidateList<T>, candidate: Candidate<T>): void {
    list.push(candidate);
    if (list.length === 2) this.unsorted.add(list);
  }
}
