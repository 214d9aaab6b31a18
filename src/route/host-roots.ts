// The trees of paths for a host: exact, then wildcards from the longest, then the one for every host.

import type { MatchSpec } from './match.ts';
import type { CandidateList, PathNode, PathTrie } from './path-trie.ts';

/** All routes of one host pattern. */
export class HostRoot<T> {
  /** `api.example.com`, `*.example.com`, or `*`. */
  readonly pattern: string;
  paths: PathNode<T>;
  /** Routes with a regex for a path. */
  regexes: CandidateList<T>;
  /** Where to look when nothing here matches. */
  next: HostRoot<T> | null = null;

  constructor(pattern: string, paths: PathNode<T>, regexes: CandidateList<T> = []) {
    this.pattern = pattern;
    this.paths = paths;
    this.regexes = regexes;
  }
}

export class HostRoots<T> {
  private readonly exact = new Map<string, HostRoot<T>>();
  /** By what follows the asterisk and its dot. */
  private readonly wildcards = new Map<string, HostRoot<T>>();
  private any: HostRoot<T> | null = null;
  private readonly trie: PathTrie<T>;

  constructor(trie: PathTrie<T>) {
    this.trie = trie;
  }

  /** The same trees in objects of their own, for a copy of their trie. To be linked. */
  copy(trie: PathTrie<T>): HostRoots<T> {
    const copy = new HostRoots<T>(trie);
    for (const { pattern, paths, regexes } of this.all()) copy.add(new HostRoot<T>(pattern, paths, regexes));
    return copy;
  }

  /** The tree of a host pattern, made when it is missing. */
  root(pattern: string): HostRoot<T> {
    if (pattern === '*' && this.any !== null) return this.any;
    const { roots, key } = this.placeOf(pattern);
    return roots.get(key) ?? this.add(new HostRoot<T>(pattern, this.trie.newRoot()));
  }

  private add(root: HostRoot<T>): HostRoot<T> {
    if (root.pattern === '*') this.any = root;
    else {
      const { roots, key } = this.placeOf(root.pattern);
      roots.set(key, root);
    }
    return root;
  }

  private placeOf(pattern: string): { readonly roots: Map<string, HostRoot<T>>; readonly key: string } {
    return pattern.startsWith('*.')
      ? { roots: this.wildcards, key: pattern.slice(2) }
      : { roots: this.exact, key: pattern };
  }

  /** Says of each tree which one follows it. Call once, when all routes are in. */
  link(): void {
    for (const [host, root] of this.exact) root.next = this.below(host);
    for (const [suffix, root] of this.wildcards) root.next = this.below(suffix);
  }

  /** Where a request for this host begins; the others follow by `next`. */
  first(host: string): HostRoot<T> | null {
    return this.exact.get(host) ?? this.below(host);
  }

  /** Every tree, in no order that matters. */
  *all(): Generator<HostRoot<T>> {
    yield* this.exact.values();
    yield* this.wildcards.values();
    if (this.any !== null) yield this.any;
  }

  private below(host: string): HostRoot<T> | null {
    if (this.wildcards.size > 0) {
      // A dot at the very front would leave no label for the asterisk.
      for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
        const root = this.wildcards.get(host.slice(dot + 1));
        if (root !== undefined) return root;
      }
    }
    return this.any;
  }
}

const everyHost: readonly string[] = ['*'];

/** Patterns of a route's hosts, each once. */
export function hostsOf({ hosts }: MatchSpec): readonly string[] {
  return hosts.length === 0 ? everyHost : hosts.length === 1 ? hosts : [...new Set(hosts)];
}

/** What is wrong with a host pattern, for the operator; empty when nothing is. */
export function hostPatternError(pattern: string): string {
  const name = pattern === '*' ? 'x' : pattern.startsWith('*.') ? pattern.slice(2) : pattern;
  if (name.includes('*'))
    return `in the host \`${pattern}\`, \`*\` may only stand for the labels in front, as in \`*.example.com\``;
  if (/[A-Z]/.test(name)) return `the host \`${pattern}\` must be in lower case`;
  if (!/^\[[0-9a-f:.]+\]$/.test(name)) {
    if (name.includes(':') || name.includes('/'))
      return `the host \`${pattern}\` must be a name alone, without scheme or port`;
    if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name)) return `\`${pattern}\` is not a host name`;
  }
  return '';
}
