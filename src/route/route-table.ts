// Finds the route of a request. Precedence: exact host, longer wildcard, any host; then whole path patterns, open ones, regexes; then
// segment by segment, literals before parameters and longer open patterns before shorter; then more conditions; then as written.

import { letterAt } from '../base/letter-at.ts';
import type { LinearRegex } from '../base/linear-regex.ts';
import { type Candidate, Verdict } from './candidate.ts';
import { FoundRoute } from './found-route.ts';
import type { HostRoots } from './host-roots.ts';
import { matchingCandidates } from './matching-candidates.ts';
import { methodBitOf } from './method-set.ts';
import { parametersMax } from './path-pattern.ts';
import { type CandidateList, hashEnd, hashSeed, hashStep, type PathNode, type PathTrie } from './path-trie.ts';
import type { Routable } from './routable.ts';

/** Whether a route matches depends on the body, which has not been read: buffer it, set `body` and look up again. */
export const needsBody = Symbol('needsBody');
export type NeedsBody = typeof needsBody;

/** How many nodes with open routes the literal walk remembers on the way down; the slower walks find deeper ones. */
const passedMax = 64;

/**
 * An immutable table of routes. Look-ups allocate nothing unless the route has parameters, or conditions that make strings. They
 * share scratch fields, so a table belongs to one thread and conditions must not look up routes.
 */
export class RouteTable<T> {
  /** `Candidate.order` of each route, by the route's index; ascending. */
  readonly orders: readonly number[];
  readonly hosts: HostRoots<T>;
  readonly trie: PathTrie<T>;
  /** Compiled regexes by source, to be reused by the next table. */
  readonly compiled: Map<string, LinearRegex>;
  /** Whether look-ups need `Routable.arrival`: a route asks for it, or one that has been removed since the table was built. */
  readonly readsArrival: boolean;

  private readonly paramStarts = new Int32Array(parametersMax);
  private readonly paramEnds = new Int32Array(parametersMax);
  /** Nodes with open routes that the literal walk passed, and for each the offset in the path where the rest begins. */
  private readonly passed: (PathNode<T> | null)[] = new Array(passedMax).fill(null);
  private readonly passedAt = new Int32Array(passedMax);
  private restStart = 0;
  private waitsForBody = false;
  private method = '';
  private methodBit = 0;

  /** Only for RouteTableBuilder and patchRouteTable, which make tables for all other code. */
  constructor(
    orders: readonly number[],
    hosts: HostRoots<T>,
    trie: PathTrie<T>,
    compiled: Map<string, LinearRegex>,
    readsArrival: boolean,
  ) {
    this.readsArrival = readsArrival;
    this.orders = orders;
    this.hosts = hosts;
    this.trie = trie;
    this.compiled = compiled;
  }

  /** Number of routes. */
  get size(): number {
    return this.orders.length;
  }

  /** The index of a route among all routes of this table; -1 when it is not in the table. */
  placeOf({ order }: Candidate<T>): number {
    return placeInSorted(this.orders, order);
  }

  /** The route of a request; null when none matches; `needsBody` when that depends on the body. */
  find(request: Routable): FoundRoute<T> | null | NeedsBody {
    return this.search(request, request.method);
  }

  /** The route that would serve the request if it had another method: for CORS preflights, which use OPTIONS. */
  findForPreflight(request: Routable, requestedMethod: string): FoundRoute<T> | null | NeedsBody {
    return this.search(request, requestedMethod);
  }

  /**
   * The methods with which a request would find a route after `find` returned null, sorted: the `Allow` of a 405. Empty means 404.
   * Conditions on a body that has not been read are taken to hold.
   */
  allowedMethods(request: Routable): string[] {
    const methods = new Set<string>();
    for (const { candidate } of matchingCandidates(this, request)) {
      if (candidate.verdict(request) === Verdict.no) continue;
      for (const name of candidate.methods.names) methods.add(name);
    }
    return [...methods].sort();
  }

  private search(request: Routable, method: string): FoundRoute<T> | null | NeedsBody {
    this.method = method;
    this.methodBit = methodBitOf(method);
    this.waitsForBody = false;
    for (let root = this.hosts.first(request.host); root !== null; root = root.next) {
      const winner = this.walk(root.paths, request) ?? this.pickRegex(root.regexes, request);
      if (this.waitsForBody) return needsBody;
      if (winner !== null) return winner.paramNames.length === 0 ? winner : this.withParameters(winner, request.path);
    }
    return null;
  }

  /** Walks down the literal segments. From the first node with a parameter on, uses the recursive walks, which backtrack. */
  private walk(root: PathNode<T>, request: Routable): Candidate<T> | null {
    const { path } = request;
    const { length } = path;
    let node = root;
    let at = 1;
    let passed = 0;
    let winner: Candidate<T> | null = null;
    for (;;) {
      if (node.parameter !== null || passed === passedMax) {
        if (node.leadsToWhole) winner = this.walkWhole(node, at, 0, request);
        if (winner === null && !this.waitsForBody && node.leadsToOpen) winner = this.walkOpen(node, at, 0, request);
        break;
      }
      if (node.open !== null) {
        this.passed[passed] = node;
        this.passedAt[passed++] = at;
      }
      if (at > length) {
        if (node.whole !== null) winner = this.pick(node.whole, request);
        break;
      }
      if (!node.hasLiterals) break;
      let hash = hashSeed(node.id);
      let end = at;
      for (; end < length; end++) {
        const code = letterAt(path, end);
        if (code === 0x2f) break;
        hash = hashStep(hash, code);
      }
      const child = this.trie.child(node, hashEnd(hash), path, at, end);
      if (child === null) break;
      node = child;
      at = end + 1;
    }
    while (winner === null && !this.waitsForBody && passed > 0) {
      passed--;
      this.restStart = this.passedAt[passed]!;
      winner = this.pick(this.passed[passed]!.open!, request);
    }
    return winner;
  }

  /** Searches whole patterns, which end where the path ends. Tries the literal child first at each segment, then the parameter. */
  private walkWhole(node: PathNode<T>, at: number, params: number, request: Routable): Candidate<T> | null {
    const { path } = request;
    if (at > path.length) return node.whole === null ? null : this.pick(node.whole, request);
    const end = segmentEnd(path, at);
    const child = this.literalChild(node, path, at, end);
    if (child?.leadsToWhole) {
      const winner = this.walkWhole(child, end + 1, params, request);
      if (winner !== null || this.waitsForBody) return winner;
    }
    const { parameter } = node;
    if (parameter === null || !parameter.leadsToWhole || end === at) return null;
    this.paramStarts[params] = at;
    this.paramEnds[params] = end;
    return this.walkWhole(parameter, end + 1, params + 1, request);
  }

  /** Searches open patterns. Tries the literal child first, then the parameter, and only then the open routes of this node. */
  private walkOpen(node: PathNode<T>, at: number, params: number, request: Routable): Candidate<T> | null {
    const { path } = request;
    if (at <= path.length) {
      const end = segmentEnd(path, at);
      const child = this.literalChild(node, path, at, end);
      if (child?.leadsToOpen) {
        const winner = this.walkOpen(child, end + 1, params, request);
        if (winner !== null || this.waitsForBody) return winner;
      }
      const { parameter } = node;
      if (parameter?.leadsToOpen && end > at) {
        this.paramStarts[params] = at;
        this.paramEnds[params] = end;
        const winner = this.walkOpen(parameter, end + 1, params + 1, request);
        if (winner !== null || this.waitsForBody) return winner;
      }
    }
    if (node.open === null) return null;
    this.restStart = at;
    return this.pick(node.open, request);
  }

  private literalChild(node: PathNode<T>, path: string, at: number, end: number): PathNode<T> | null {
    return node.hasLiterals ? this.trie.child(node, segmentHash(node.id, path, at, end), path, at, end) : null;
  }

  private pick(place: Candidate<T> | CandidateList<T>, request: Routable): Candidate<T> | null {
    if (!Array.isArray(place)) return this.matches(place, request) ? place : null;
    for (let i = 0; i < place.length && !this.waitsForBody; i++) {
      const candidate = place[i]!;
      if (this.matches(candidate, request)) return candidate;
    }
    return null;
  }

  /** Whether method and conditions match. Sets `waitsForBody` and returns false when that depends on a body that was not read. */
  private matches(candidate: Candidate<T>, request: Routable): boolean {
    if (!candidate.methods.has(this.method, this.methodBit)) return false;
    if (candidate.plain) return true;
    const verdict = candidate.verdict(request);
    if (verdict === Verdict.needsBody) this.waitsForBody = true;
    return verdict === Verdict.yes;
  }

  private pickRegex(list: CandidateList<T>, request: Routable): Candidate<T> | null {
    for (let i = 0; i < list.length && !this.waitsForBody; i++) {
      const candidate = list[i]!;
      if (!candidate.methods.has(this.method, this.methodBit)) continue;
      if (candidate.pattern.regex!.testWhole(request.path) && this.matches(candidate, request)) return candidate;
    }
    return null;
  }

  private withParameters(winner: Candidate<T>, path: string): FoundRoute<T> {
    const { pattern } = winner;
    if (pattern.regex !== null) {
      return new FoundRoute<T>(winner.value, winner.name, pattern.paramNames, pattern.regex.execWhole(path) ?? []);
    }
    const values: string[] = [];
    const inSegments = pattern.paramNames.length - (pattern.rest ? 1 : 0);
    for (let i = 0; i < inSegments; i++) values.push(path.slice(this.paramStarts[i], this.paramEnds[i]));
    if (pattern.rest) values.push(path.slice(this.restStart));
    return new FoundRoute<T>(winner.value, winner.name, pattern.paramNames, values);
  }
}

/** Index of `wanted` in an ascending list, by binary search; -1 when it is missing. */
function placeInSorted(sorted: readonly number[], wanted: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const each = sorted[middle]!;
    if (each === wanted) return middle;
    if (each < wanted) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function segmentEnd(path: string, start: number): number {
  const slash = path.indexOf('/', start);
  return slash === -1 ? path.length : slash;
}

function segmentHash(nodeId: number, path: string, start: number, end: number): number {
  let hash = hashSeed(nodeId);
  for (let i = start; i < end; i++) hash = hashStep(hash, letterAt(path, i));
  return hashEnd(hash);
}
