// A weighted split between targets: exact over time, and the same target again for who brings its key. Not a balancer:
// targets are never unavailable.

import { Random } from '../base/random.ts';

/** A turn further than this is no longer looked for at the start. */
const FIRST_TURN_MAX = 1_000;

export interface SplitTarget<T> {
  readonly value: T;
  /** Share relative to the others; 0 gets nothing, not even those who bring its key. */
  readonly weight: number;
  /** Names the target to clients, in a cookie for instance: says nothing else of the inside. */
  readonly key: string;
}

/** Smooth weighted round-robin: in any run as long as the sum of the weights each target has had exactly its weight. */
export class Splitter<T> {
  private readonly targets: readonly SplitTarget<T>[];
  private readonly credits: Float64Array;
  private readonly totalWeight: number;
  private readonly targetByKey: ReadonlyMap<string, T>;

  /**
   * Begins anywhere in its run: every worker has a split of its own, and a reload may make it anew. Did all begin in front, a small share
   * would get nothing where requests are few. Throws a TypeError when no target has a weight above zero, or when two have the same key.
   */
  constructor(targets: readonly SplitTarget<T>[], random: Random = new Random()) {
    this.targets = targets.filter(({ weight }) => weight > 0);
    this.credits = new Float64Array(this.targets.length);
    this.totalWeight = this.targets.reduce((sum, { weight }) => sum + weight, 0);
    this.targetByKey = new Map(this.targets.map(({ key, value }) => [key, value]));
    if (this.targets.length === 0) throw new TypeError('a split needs a target with a weight above 0');
    if (new Set(targets.map(({ key }) => key)).size !== targets.length) {
      throw new TypeError('two targets of a split have the same key');
    }
    for (let turn = random.below(Math.min(this.totalWeight, FIRST_TURN_MAX)); turn > 0; turn--) this.next();
  }

  /** The target whose turn it is. */
  next(): T {
    const { targets, credits } = this;
    let best = 0;
    for (let i = 0; i < targets.length; i++) {
      credits[i]! += targets[i]!.weight;
      if (credits[i]! > credits[best]!) best = i;
    }
    credits[best]! -= this.totalWeight;
    return targets[best]!.value;
  }

  /** The target of this hash, a whole number from 0 on: each has its share of them. */
  byHash(hash: number): T {
    const { targets } = this;
    let left = hash % this.totalWeight;
    let at = 0;
    while (at < targets.length - 1 && left >= targets[at]!.weight) left -= targets[at++]!.weight;
    return targets[at]!.value;
  }

  /** The target that a client was given before; undefined for a key that is unknown (anymore) or made up. */
  byKey(key: string): T | undefined {
    return this.targetByKey.get(key);
  }

  /** The key to hand to a client so that `byKey` finds this target again. Throws a TypeError for a value of no target. */
  keyOf(value: T): string {
    const target = this.targets.find(candidate => candidate.value === value);
    if (target === undefined) throw new TypeError('not a target of this split');
    return target.key;
  }
}
