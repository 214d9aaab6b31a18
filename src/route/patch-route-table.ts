// A route table in which a few routes were replaced, made from the table before: everything else is shared with it. A large
// table is not built again for a small change. Gives up wherever building anew has more to say.

import { byPrecedence } from './candidate.ts';
import { CandidateMaker, type RouteSpec, regexesOf } from './candidate-maker.ts';
import { Claims } from './conflicts.ts';
import { hostsOf } from './host-roots.ts';
import type { CandidateList, PathNode } from './path-trie.ts';
import { RouteTable } from './route-table.ts';

/** A route that takes the place of another. */
export interface RouteChange<T> {
  /** The place of both among all routes. */
  readonly index: number;
  readonly before: Pick<RouteSpec<T>, 'match'>;
  readonly now: RouteSpec<T>;
}

/** Places that lost their routes, whose nodes a table may drag along beside a quarter as many as it has routes. */
const emptiedMax = 256;

/** Null when the table is to be built anew: something is wrong with a route, it is matched by regexes, or it is not alone in its place. */
export function patchRouteTable<T>(table: RouteTable<T>, changes: readonly RouteChange<T>[]): RouteTable<T> | null {
  const isPlain = changes.every(
    ({ before, now }) => regexesOf(before.match).length === 0 && regexesOf(now.match).length === 0,
  );
  if (!isPlain || table.trie.emptied > emptiedMax + table.size / 4) return null;
  const trie = table.trie.copy();
  const hosts = table.hosts.copy(trie);
  const maker = new CandidateMaker<T>(table.compiled);
  const candidates = changes.map(({ index, now }) => maker.make(index, now));
  const touched: { readonly node: PathNode<T>; readonly open: boolean }[] = [];
  /** Hands every list in which a candidate stands to `edit`, which gives the new one. */
  const editLists = (
    written: RouteSpec<T>['match'],
    { segments, open }: { readonly segments: readonly (string | null)[]; readonly open: boolean },
    edit: (list: CandidateList<T>) => CandidateList<T>,
  ): void => {
    for (const host of hostsOf(written)) {
      const root = hosts.root(host);
      root.paths = trie.own(root.paths);
      const node = trie.insert(root.paths, segments, open);
      const list = edit((open ? node.open : node.whole) ?? []);
      if (open) node.open = list.length === 0 ? null : list;
      else node.whole = list.length === 0 ? null : list;
      if (list.length === 0) trie.emptied++;
      touched.push({ node, open });
    }
  };
  for (const { index, before, now } of changes) {
    const old = maker.make(index, { ...now, match: before.match });
    if (old === null) return null;
    editLists(before.match, old.pattern, list => list.filter(each => each.index !== index));
  }
  for (const [at, candidate] of candidates.entries()) {
    if (candidate === null) return null;
    editLists(changes[at]!.now.match, candidate.pattern, list => [...list, candidate].sort(byPrecedence));
  }
  for (const { node, open } of touched) {
    const list = (open ? node.open : node.whole) ?? [];
    if (list.length > 1 && isContested(list)) return null;
  }
  hosts.link();
  return new RouteTable<T>(table.size, hosts, trie, table.compiled);
}

/** Whether a route of one place leaves nothing to a later one. */
function isContested<T>(list: CandidateList<T>): boolean {
  const claims = new Claims();
  return [...list].sort((a, b) => a.index - b.index).some(candidate => claims.add(candidate) !== null);
}
