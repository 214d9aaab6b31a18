// Makes a route table from the previous one by removing and adding a few routes; everything else is shared. Avoids rebuilding a large
// table for a small change. Gives up when only a rebuild can report all problems.

import type { LinearRegex } from '../base/linear-regex.ts';
import { editedList, type ListEdits } from '../base/list-edits.ts';
import { byPrecedence } from './candidate.ts';
import { CandidateMaker, type RouteSpec, regexesOf } from './candidate-maker.ts';
import { Claims } from './conflicts.ts';
import { type HostRoot, hostsOf } from './host-roots.ts';
import type { MatchSpec } from './match.ts';
import { type PathPattern, PathPatternError, parsePathPattern } from './path-pattern.ts';
import { type CandidateList, type PathNode, routesOf } from './path-trie.ts';
import { RouteTable } from './route-table.ts';

/** The changes of a table's routes. `edits` has their indexes; `removed` and `added` have the routes, in the order of those indexes. */
export interface RouteEdits<T> {
  readonly edits: ListEdits;
  readonly removed: readonly MatchSpec[];
  readonly added: readonly RouteSpec<T>[];
}

/** How large `PathTrie.unusedCount` may grow, in addition to a quarter of the number of routes, before the table is rebuilt. */
const unusedMax = 256;

/** Where a list of routes is stored: those of one pattern under one host, or all regex routes of a host. */
interface Place<T> {
  readonly list: CandidateList<T>;
  set(list: CandidateList<T>): void;
}

/** Null when the table must be rebuilt: a route is invalid or hides another, no number is left for an order, or too much is unused. */
export function patchRouteTable<T>(
  table: RouteTable<T>,
  { edits, removed, added }: RouteEdits<T>,
): RouteTable<T> | null {
  if (table.trie.unusedCount > unusedMax + table.size / 4) return null;
  const orders = ordersAfter(table.orders, edits);
  if (orders === null) return null;
  const trie = table.trie.copy();
  const hosts = table.hosts.copy(trie);
  const maker = new CandidateMaker<T>(table.compiled);
  /** Passes the list of a route's place under each of its hosts to `edit`, and stores the list that `edit` returns. */
  const editLists = (match: MatchSpec, pattern: PathPattern, edit: (list: CandidateList<T>) => CandidateList<T>) => {
    for (const host of hostsOf(match)) {
      const root = hosts.root(host);
      let place: Place<T>;
      if (pattern.regex !== null) place = placeOfRegexes(root);
      else {
        root.paths = trie.own(root.paths);
        place = placeAt(trie.insert(root.paths, pattern.segments, pattern.open), pattern.open);
      }
      const list = edit(place.list);
      place.set(list);
      if (list.length === 0) trie.unusedCount++;
    }
  };
  for (const [at, match] of removed.entries()) {
    const order = table.orders[edits.removed[at]!];
    const pattern = parsePathPattern(match.path, table.compiled);
    if (pattern instanceof PathPatternError) return null;
    editLists(match, pattern, list => list.filter(each => each.order !== order));
    // The route's regexes stay in `compiled` until the table is rebuilt, as its nodes do.
    trie.unusedCount += regexesOf(match).length;
  }
  const crowded = new Set<CandidateList<T>>();
  for (const [at, spec] of added.entries()) {
    const candidate = maker.make(orders[edits.added[at]!]!, spec);
    if (candidate === null) return null;
    editLists(spec.match, candidate.pattern, list => {
      crowded.delete(list);
      const more = [...list, candidate].sort(byPrecedence);
      if (more.length > 1) crowded.add(more);
      return more;
    });
  }
  for (const list of crowded) if (isContested(list)) return null;
  hosts.link();
  const readsArrival = table.readsArrival || maker.readsArrival;
  return new RouteTable<T>(orders, hosts, trie, joined(table.compiled, maker.compiled), readsArrival);
}

/** The new `orders`: routes that stay keep their numbers. Null when no number is left between two of them for an added route. */
function ordersAfter(before: readonly number[], edits: ListEdits): number[] | null {
  const { added } = edits;
  const come = added.map(() => Number.NaN);
  const orders = editedList(before, edits, come);
  for (let first = 0; first < added.length; ) {
    let next = first + 1;
    while (next < added.length && added[next] === added[next - 1]! + 1) next++;
    const count = next - first;
    const place = added[first]!;
    const behind = orders[place + count];
    const front = orders[place - 1] ?? (behind ?? count) - count - 1;
    const step = ((behind ?? front + count + 1) - front) / (count + 1);
    for (let i = 0; i < count; i++) orders[place + i] = front + step * (i + 1);
    for (let i = 0; i <= count; i++) {
      const [low = -Infinity, high = Infinity] = [orders[place + i - 1], orders[place + i]];
      if (!(low < high)) return null;
    }
    first = next;
  }
  return orders;
}

function placeAt<T>(node: PathNode<T>, open: boolean): Place<T> {
  return {
    list: routesOf(open ? node.open : node.whole),
    set(list) {
      const held = list.length > 1 ? list : (list[0] ?? null);
      if (open) node.open = held;
      else node.whole = held;
    },
  };
}

function placeOfRegexes<T>(root: HostRoot<T>): Place<T> {
  return {
    list: root.regexes,
    set(list) {
      root.regexes = list;
    },
  };
}

/** Whether a route leaves no requests to a later one of the same pattern. A list of regex routes has several patterns: one per source. */
function isContested<T>(list: CandidateList<T>): boolean {
  const bySource = new Map<string, Claims>();
  const inOrder = [...list].sort((a, b) => a.order - b.order);
  return inOrder.some(candidate => {
    const { regex, source } = candidate.pattern;
    const key = regex === null ? '' : source;
    const claims = bySource.get(key) ?? new Claims();
    bySource.set(key, claims);
    return claims.add(candidate) !== null;
  });
}

function joined(before: Map<string, LinearRegex>, more: ReadonlyMap<string, LinearRegex>): Map<string, LinearRegex> {
  let all = before;
  for (const [source, regex] of more) {
    if (all.has(source)) continue;
    if (all === before) all = new Map(before);
    all.set(source, regex);
  }
  return all;
}
