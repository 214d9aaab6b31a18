// A trie of path segments. All nodes of a table share one hash table from (node, segment) to child, so that a look-up
// reads the path's characters once, makes one probe per segment and no string.

import { letterAt } from '../base/letter-at.ts';
import type { Candidate } from './candidate.ts';

/** Routes of one path pattern, in order of precedence once the table is finished. */
export type CandidateList<T> = Candidate<T>[];

/** The same where a pattern ends. Most have one route, which is stored there itself: a list around it would be two more objects to find in memory. */
export type PlaceOfRoutes<T> = Candidate<T> | CandidateList<T> | null;

/** The routes of a place, in order of precedence. */
export function routesOf<T>(place: PlaceOfRoutes<T>): CandidateList<T> {
  if (place === null) return [];
  return Array.isArray(place) ? place : [place];
}

export class PathNode<T> {
  /** Of its label below its parent; 0 where no segment leads to it. */
  readonly hash: number;
  readonly parentId: number;
  /** The literal segment that leads here; empty for a root and for a parameter's node. */
  readonly label: string;
  /** Where one non-empty segment of any text leads. */
  parameter: PathNode<T> | null = null;
  /** Routes whose pattern takes anything from here on. */
  open: PlaceOfRoutes<T> = null;
  /** Whether any literal segment leads on from here. */
  hasLiterals = false;
  /** Routes whose pattern ends here. */
  whole: PlaceOfRoutes<T> = null;
  readonly id: number;
  /** Whether any route at or below ends its pattern, or takes anything: what look-ups may skip. */
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
  /** Every node that a literal segment leads to, at the place of its hash or after it. */
  private slots: (PathNode<T> | null)[] = emptySlots(initialSlots);
  private mask = initialSlots - 1;
  private used = 0;
  private count = 0;
  /** Nodes with smaller ids belong to the trie that this one was copied from, unless they are in `taken`. */
  private ownFrom = 0;
  private readonly taken = new Set<number>();
  /** Lists of routes that became empty since the trie was new: their nodes stay. */
  emptied = 0;

  /** A trie that shares all nodes with this one until they are changed. */
  copy(): PathTrie<T> {
    const copy = new PathTrie<T>();
    copy.slots = this.slots.slice();
    copy.mask = this.mask;
    copy.used = this.used;
    copy.count = this.count;
    copy.ownFrom = this.count;
    copy.emptied = this.emptied;
    return copy;
  }

  get size(): number {
    return this.count;
  }

  /** This node as it may be changed: what leads to it by reference has to be made to lead here. */
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

  /** A node that no segment leads to: the start of one host's paths. */
  newRoot(): PathNode<T> {
    return this.newNode(-1, '', 0);
  }

  private newNode(parentId: number, label: string, hash: number): PathNode<T> {
    return new PathNode<T>(this.count++, parentId, label, hash);
  }

  /** The node of a pattern, made when it is missing, in a form that may be changed. `null` stands for a parameter. `root` is this trie's own. */
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

  /** The child of `node` to which the segment `path[start, end)` leads; `hash` is that of `hashOf`. */
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

/** Adds one character to it. */
export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

/** Ends it: the upper bits are the best mixed, and slots are chosen by the lower. */
export function hashEnd(hash: number): number {
  return hash ^ (hash >>> 15);
}

function hashOf(nodeId: number, text: string, start: number, end: number): number {
  let hash = hashSeed(nodeId);
  for (let i = start; i < end; i++) hash = hashStep(hash, letterAt(text, i));
  return hashEnd(hash);
}
