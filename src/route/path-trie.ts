// A trie of path segments. All nodes of a table share one hash table from (node, segment) to child node, so that a look-up reads
// each character of the path once, probes once per segment and creates no string.

import { letterAt } from '../base/letter-at.ts';
import type { Candidate } from './candidate.ts';

/** The routes of one path pattern; in order of precedence once the table is finished. */
export type CandidateList<T> = Candidate<T>[];

/** The routes stored in a node. A single route, the usual case, is stored without a list: that saves fetching two objects from memory. */
export type PlaceOfRoutes<T> = Candidate<T> | CandidateList<T> | null;

/** The routes of a place, in order of precedence. */
export function routesOf<T>(place: PlaceOfRoutes<T>): CandidateList<T> {
  if (place === null) return [];
  return Array.isArray(place) ? place : [place];
}

export class PathNode<T> {
  /** Hash of the parent's id and the label; 0 for a root and for a parameter's node. */
  readonly hash: number;
  readonly parentId: number;
  /** The literal segment that leads here; empty for a root and for a parameter's node. */
  readonly label: string;
  /** The node that any non-empty segment leads to; null when no pattern has a parameter here. */
  parameter: PathNode<T> | null = null;
  /** Routes whose pattern accepts any further segments from here on. */
  open: PlaceOfRoutes<T> = null;
  /** Whether this node has children for literal segments. */
  hasLiterals = false;
  /** Routes whose pattern ends here. */
  whole: PlaceOfRoutes<T> = null;
  readonly id: number;
  /** Whether this node or one below it was made for a whole pattern, or an open one. Look-ups skip nodes without. */
  leadsToWhole = false;
  leadsToOpen = false;

  constructor(id: number, parentId: number, label: string, hash: number) {
    this.id = id;
    this.parentId = parentId;
    this.label = label;
    this.hash = hash;
  }
}

const initialSlots = 64;

export class PathTrie<T> {
  /** Hash table with linear probing of all nodes that a literal segment leads to. */
  private slots: (PathNode<T> | null)[] = emptySlots(initialSlots);
  private mask = initialSlots - 1;
  private used = 0;
  private count = 0;
  /** Nodes with smaller ids are shared with the trie that this one was copied from, unless their id is in `taken`. */
  private ownFrom = 0;
  private readonly taken = new Set<number>();
  /** Number of route lists that became empty, plus regexes of removed routes, since the trie was new. Both stay in memory. */
  unusedCount = 0;

  /** A copy that shares all nodes with this trie until `own` copies them to be changed. */
  copy(): PathTrie<T> {
    const copy = new PathTrie<T>();
    copy.slots = this.slots.slice();
    copy.mask = this.mask;
    copy.used = this.used;
    copy.count = this.count;
    copy.ownFrom = this.count;
    copy.unusedCount = this.unusedCount;
    return copy;
  }

  get size(): number {
    return this.count;
  }

  /** Returns the node itself or a copy that may be changed. The caller must replace the reference that leads to the node. */
  own(node: PathNode<T>): PathNode<T> {
    const { id } = node;
    if (id >= this.ownFrom || this.taken.has(id)) return node;
    const own = new PathNode<T>(id, node.parentId, node.label, node.hash);
    own.parameter = node.parameter;
    own.open = node.open;
    own.hasLiterals = node.hasLiterals;
    own.whole = node.whole;
    own.leadsToWhole = node.leadsToWhole;
    own.leadsToOpen = node.leadsToOpen;
    this.taken.add(id);
    return own;
  }

  /** Creates a node that no segment leads to: the root of one host's paths. */
  newRoot(): PathNode<T> {
    return this.newNode(-1, '', 0);
  }

  private newNode(parentId: number, label: string, hash: number): PathNode<T> {
    return new PathNode<T>(this.count++, parentId, label, hash);
  }

  /** The node of a pattern, created when missing; it may be changed. A `null` segment is a parameter. `root` must come from `own`. */
  insert(root: PathNode<T>, segments: readonly (string | null)[], open: boolean): PathNode<T> {
    let node = root;
    for (let i = 0; ; i++) {
      if (open) node.leadsToOpen = true;
      else node.leadsToWhole = true;
      if (i === segments.length) return node;
      const segment = segments[i]!;
      if (segment === null) node = node.parameter = this.own(node.parameter ?? this.newNode(node.id, '', 0));
      else node = this.literalChild(node, segment);
    }
  }

  private literalChild(node: PathNode<T>, segment: string): PathNode<T> {
    const hash = hashOf(node.id, segment, 0, segment.length);
    const found = this.child(node, hash, segment, 0, segment.length);
    if (found !== null) {
      const own = this.own(found);
      if (own !== found) this.slots[this.slotOf(found)] = own;
      return own;
    }
    const made = this.newNode(node.id, segment, hash);
    node.hasLiterals = true;
    this.used++;
    if (this.used * 2 > this.mask) this.grow();
    this.place(made);
    return made;
  }

  /** The child of `node` for the literal segment `path[start, end)`, whose hash as in `hashOf` is `hash`; null when there is none. */
  child(node: PathNode<T>, hash: number, path: string, start: number, end: number): PathNode<T> | null {
    const { slots, mask } = this;
    const parentId = node.id;
    const length = end - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const candidate = slots[slot]!;
      if (candidate === null) return null;
      if (candidate.hash !== hash || candidate.parentId !== parentId) continue;
      const { label } = candidate;
      if (label.length !== length) continue;
      let i = 0;
      while (i < length && letterAt(label, i) === letterAt(path, start + i)) i++;
      if (i === length) return candidate;
    }
  }

  private place(node: PathNode<T>): void {
    let slot = node.hash & this.mask;
    while (this.slots[slot] !== null) slot = (slot + 1) & this.mask;
    this.slots[slot] = node;
  }

  private slotOf(node: PathNode<T>): number {
    let slot = node.hash & this.mask;
    while (this.slots[slot] !== node) slot = (slot + 1) & this.mask;
    return slot;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = emptySlots(old.length * 2);
    this.mask = this.slots.length - 1;
    for (const node of old) if (node !== null) this.place(node);
  }
}

function emptySlots<T>(count: number): (PathNode<T> | null)[] {
  return new Array<PathNode<T> | null>(count).fill(null);
}

/** Starts the hash of a segment below a node. */
export function hashSeed(nodeId: number): number {
  return Math.imul(nodeId + 1, 0x9e3779b1);
}

/** Adds one character to a hash. */
export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

/** Finishes a hash: mixes the upper bits, the best mixed, into the lower ones, which choose the slot. */
export function hashEnd(hash: number): number {
  return hash ^ (hash >>> 15);
}

function hashOf(nodeId: number, text: string, start: number, end: number): number {
  let hash = hashSeed(nodeId);
  for (let i = start; i < end; i++) hash = hashStep(hash, letterAt(text, i));
  return hashEnd(hash);
}
