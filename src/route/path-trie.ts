// A trie of path segments. All nodes of a table share one hash table from (node, segment) to child, so that a look-up
// walks over the path's characters once, follows one probe a segment and makes no string.

import type { Candidate } from './candidate.ts';

/** Routes of one path pattern, the first to be asked first once the table is finished. */
export type CandidateList<T> = Candidate<T>[];

export class PathNode<T> {
  readonly id: number;
  readonly parentId: number;
  /** The literal segment that leads here; empty for a root and for a parameter's node. */
  readonly label: string;
  /** Where one non-empty segment of any text leads. */
  parameter: PathNode<T> | null = null;
  /** Routes whose pattern ends here. */
  whole: CandidateList<T> | null = null;
  /** Routes whose pattern takes anything from here on. */
  open: CandidateList<T> | null = null;
  /** Whether any route at or below ends its pattern, or takes anything: what look-ups may skip. */
  leadsToWhole = false;
  leadsToOpen = false;

  constructor(id: number, parentId: number, label: string) {
    this.id = id;
    this.parentId = parentId;
    this.label = label;
  }
}

const initialSlots = 64;

export class PathTrie<T> {
  private readonly nodes: PathNode<T>[];
  /** Index into `nodes` plus one, and the full hash beside it; 0 is free. Two numbers a slot. */
  private slots = new Int32Array(initialSlots * 2);
  private mask = initialSlots - 1;
  private used = 0;
  /** Nodes with smaller ids belong to the trie that this one was copied from, unless they are in `taken`. */
  private ownFrom = 0;
  private readonly taken = new Set<number>();
  /** Lists of routes that became empty since the trie was new: their nodes stay. */
  emptied = 0;

  /** A trie that shares all nodes with this one until they are changed. */
  copy(): PathTrie<T> {
    const copy = new PathTrie<T>(this.nodes.slice());
    copy.slots = this.slots.slice();
    copy.mask = this.mask;
    copy.used = this.used;
    copy.ownFrom = this.nodes.length;
    copy.emptied = this.emptied;
    return copy;
  }

  constructor(nodes: PathNode<T>[] = []) {
    this.nodes = nodes;
  }

  get size(): number {
    return this.nodes.length;
  }

  /** The node of this id as it may be changed: what leads to it by reference has to be made to lead here. */
  own(node: PathNode<T>): PathNode<T> {
    const { id } = node;
    if (id >= this.ownFrom || this.taken.has(id)) return this.nodes[id]!;
    const own = new PathNode<T>(id, node.parentId, node.label);
    own.parameter = node.parameter;
    own.whole = node.whole;
    own.open = node.open;
    own.leadsToWhole = node.leadsToWhole;
    own.leadsToOpen = node.leadsToOpen;
    this.nodes[id] = own;
    this.taken.add(id);
    return own;
  }

  /** A node that no segment leads to: the start of one host's paths. */
  newRoot(): PathNode<T> {
    return this.newNode(-1, '');
  }

  private newNode(parentId: number, label: string): PathNode<T> {
    const node = new PathNode<T>(this.nodes.length, parentId, label);
    this.nodes.push(node);
    return node;
  }

  /** The node of a pattern, made when it is missing, as it may be changed. `null` stands for a parameter. `root` is this trie's own. */
  insert(root: PathNode<T>, segments: readonly (string | null)[], open: boolean): PathNode<T> {
    let node = root;
    for (let i = 0; ; i++) {
      if (open) node.leadsToOpen = true;
      else node.leadsToWhole = true;
      if (i === segments.length) return node;
      const segment = segments[i]!;
      if (segment === null) node = node.parameter = this.own(node.parameter ?? this.newNode(node.id, ''));
      else node = this.own(this.literalChild(node, segment));
    }
  }

  private literalChild(node: PathNode<T>, segment: string): PathNode<T> {
    const hash = hashOf(node.id, segment, 0, segment.length);
    const found = this.child(node, hash, segment, 0, segment.length);
    if (found !== null) return found;
    const made = this.newNode(node.id, segment);
    this.used++;
    if (this.used * 2 > this.mask) this.grow();
    this.place(made.id, hash);
    return made;
  }

  /** The child of `node` to which the segment `path[start, end)` leads; `hash` is that of `hashOf`. */
  child(node: PathNode<T>, hash: number, path: string, start: number, end: number): PathNode<T> | null {
    const { slots, mask, nodes } = this;
    const parentId = node.id;
    const length = end - start;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const entry = slots[slot * 2]!;
      if (entry === 0) return null;
      if (slots[slot * 2 + 1] !== hash) continue;
      const candidate = nodes[entry - 1]!;
      const { label } = candidate;
      if (candidate.parentId !== parentId || label.length !== length) continue;
      let i = 0;
      while (i < length && label.charCodeAt(i) === path.charCodeAt(start + i)) i++;
      if (i === length) return candidate;
    }
  }

  private place(id: number, hash: number): void {
    let slot = hash & this.mask;
    while (this.slots[slot * 2] !== 0) slot = (slot + 1) & this.mask;
    this.slots[slot * 2] = id + 1;
    this.slots[slot * 2 + 1] = hash;
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.mask = this.slots.length / 2 - 1;
    for (let at = 0; at < old.length; at += 2) if (old[at] !== 0) this.place(old[at]! - 1, old[at + 1]!);
  }
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
  for (let i = start; i < end; i++) hash = hashStep(hash, text.charCodeAt(i));
  return hashEnd(hash);
}
