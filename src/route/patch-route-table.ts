// A route table with a few routes removed and added, made from the previous table: everything else is shared with it. A large
// table is not rebuilt for a small change. Gives up where only a rebuild can report everything.

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

/** The changes of a table's routes: their places are in `edits`, and here the removed and the added ones, each in the order of its places. */
export interface RouteEdits<T> {
  readonly edits: ListEdits;
  readonly removed: readonly MatchSpec[];
  readonly added: readonly RouteSpec<T>[];
}

/** Places that lost their routes, whose nodes a table may drag along beside a quarter as many as it has routes. */
const emptiedMax = 256;

/** The place of routes that differ only in their conditions. */
interface Place<T> {
  readonly list: CandidateList<T>;
  set(list: CandidateList<T>): void;
}

/** Null when the table must be rebuilt: something is wrong with a route, or it is not alone in its place. */
export function patchRouteTable<T>(
  table: RouteTable<T>,
  { edits, removed, added }: RouteEdits<T>,
): RouteTable<T> | null {
  if (table.trie.emptied > emptiedMax + table.size / 4) return null;
  const orders = ordersAfter(table.orders, edits);
  if (orders === null) return null;
  const trie = table.trie.copy();
  const hosts = table.hosts.copy(trie);
  const maker = new CandidateMaker<T>(table.compiled);
  /** Hands every list that contains a route to `edit`, which returns the new one. */
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
      if (list.length === 0) trie.emptied++;
    }
  };
  for (const [at, match] of removed.entries()) {
    const order = table.orders[edits.removed[at]!];
    const pattern = parsePathPattern(match.path, table.compiled);
    if (pattern instanceof PathPatternError) return null;
    editLists(match, pattern, list => list.filter(each => each.order !== order));
    // Its regexes stay in the table's book for as long as its nodes do.
    trie.emptied += regexesOf(match).length;
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
  return new RouteTable<T>(orders, hosts, trie, joined(table.compiled, maker.compiled));
}

/** What orders the routes now: those that stay keep their numbers. Null when there is no number left between two of them. */
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

/** Whether a route of one place leaves nothing to a later one. Regexes share a list: there a place is those of the same source. */
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
