// Finds the path trees for a host, in order of precedence: exact host, wildcards from the longest, then the tree for every host.

import type { MatchSpec } from './match.ts';
import type { CandidateList, PathNode, PathTrie } from './path-trie.ts';

/** The routes of one host pattern: a tree of paths, and a list of regexes. */
export class HostRoot<T> {
  /** `api.example.com`, `*.example.com`, or `*`. */
  readonly pattern: string;
  paths: PathNode<T>;
  /** Routes whose path pattern is a regex. */
  regexes: CandidateList<T>;
  /** The root to search when nothing here matches; null for the last. */
  next: HostRoot<T> | null = null;

  constructor(pattern: string, paths: PathNode<T>, regexes: CandidateList<T> = []) {
    this.pattern = pattern;
    this.paths = paths;
    this.regexes = regexes;
  }
}

export class HostRoots<T> {
  private readonly exact = new Map<string, HostRoot<T>>();
  /** Wildcard roots by the text after `*.`. */
  private readonly wildcards = new Map<string, HostRoot<T>>();
  private any: HostRoot<T> | null = null;
  private readonly trie: PathTrie<T>;

  constructor(trie: PathTrie<T>) {
    this.trie = trie;
  }

  /** Copies of all roots, for a copy of their trie, with the same nodes. Call `link` on the copy. */
  copy(trie: PathTrie<T>): HostRoots<T> {
    const copy = new HostRoots<T>(trie);
    for (const { pattern, paths, regexes } of this.all()) copy.add(new HostRoot<T>(pattern, paths, regexes));
    return copy;
  }

  /** The root of a host pattern, created when it is missing. */
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

  /** Sets `next` of every root. Call it once, after all routes were added. */
  link(): void {
    for (const [host, root] of this.exact) root.next = this.below(host);
    for (const [suffix, root] of this.wildcards) root.next = this.below(suffix);
  }

  /** The first root to search for a request's host; the others follow by `next`. Null when no root matches the host. */
  first(host: string): HostRoot<T> | null {
    return this.exact.get(host) ?? this.below(host);
  }

  /** Every root, in no particular order. */
  *all(): Generator<HostRoot<T>> {
    yield* this.exact.values();
    yield* this.wildcards.values();
    if (this.any !== null) yield this.any;
  }

  private below(host: string): HostRoot<T> | null {
    if (this.wildcards.size > 0) {
      // The search begins at 1: a dot at index 0 would leave no label for the asterisk.
      for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
        const root = this.wildcards.get(host.slice(dot + 1));
        if (root !== undefined) return root;
      }
    }
    return this.any;
  }
}

const everyHost: readonly string[] = ['*'];

/** A route's host patterns without repetition; `*` for a route without hosts. */
export function hostsOf({ hosts }: MatchSpec): readonly string[] {
  return hosts.length === 0 ? everyHost : hosts.length === 1 ? hosts : [...new Set(hosts)];
}

/** An error message for the operator when a host pattern is invalid; empty when it is valid. */
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
