// Lists every route whose host and path match, in order of precedence. For explain and for 405; look-ups use RouteTable.find.

import type { Candidate } from './candidate.ts';
import type { HostRoot, HostRoots } from './host-roots.ts';
import { hashEnd, hashSeed, hashStep, type PathNode, type PathTrie, routesOf } from './path-trie.ts';

export interface MatchingCandidate<T> {
  readonly candidate: Candidate<T>;
  /** The host pattern under which the route was found; `*` for every host. */
  readonly host: string;
}

interface Tables<T> {
  readonly hosts: HostRoots<T>;
  readonly trie: PathTrie<T>;
}

export function* matchingCandidates<T>(
  { hosts, trie }: Tables<T>,
  request: { readonly host: string; readonly path: string },
): Generator<MatchingCandidate<T>> {
  for (let root: HostRoot<T> | null = hosts.first(request.host); root !== null; root = root.next) {
    const host = root.pattern;
    const segments = request.path.slice(1).split('/');
    for (const candidate of wholeCandidates(trie, root.paths, segments, 0)) yield { candidate, host };
    for (const candidate of openCandidates(trie, root.paths, segments, 0)) yield { candidate, host };
    for (const candidate of root.regexes) {
      if (candidate.pattern.regex!.testWhole(request.path)) yield { candidate, host };
    }
  }
}

function* wholeCandidates<T>(
  trie: PathTrie<T>,
  node: PathNode<T>,
  segments: string[],
  at: number,
): Generator<Candidate<T>> {
  if (at === segments.length) {
    yield* routesOf(node.whole);
    return;
  }
  const child = literalChild(trie, node, segments[at]!);
  if (child !== null) yield* wholeCandidates(trie, child, segments, at + 1);
  if (node.parameter !== null && segments[at] !== '') yield* wholeCandidates(trie, node.parameter, segments, at + 1);
}

function* openCandidates<T>(
  trie: PathTrie<T>,
  node: PathNode<T>,
  segments: string[],
  at: number,
): Generator<Candidate<T>> {
  if (at < segments.length) {
    const child = literalChild(trie, node, segments[at]!);
    if (child !== null) yield* openCandidates(trie, child, segments, at + 1);
    if (node.parameter !== null && segments[at] !== '') yield* openCandidates(trie, node.parameter, segments, at + 1);
  }
  yield* routesOf(node.open);
}

function literalChild<T>(trie: PathTrie<T>, node: PathNode<T>, segment: string): PathNode<T> | null {
  let hash = hashSeed(node.id);
  for (let i = 0; i < segment.length; i++) hash = hashStep(hash, segment.charCodeAt(i));
  return trie.child(node, hashEnd(hash), segment, 0, segment.length);
}
