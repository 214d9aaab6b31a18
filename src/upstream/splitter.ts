// A weighted split between targets: exact over time, and the same target again for a client that brings that target's key. Not a balancer:
// targets are never unavailable.

import { Random } from '../base/random.ts';

/** The random start position is below this number, to bound the turns that the constructor plays. */
const FIRST_TURN_MAX = 1_000;

export interface SplitTarget<T> {
  readonly value: T;
  /** Share relative to the other targets; a target with 0 gets nothing, not even from clients that bring its key. */
  readonly weight: number;
  /** Names the target to clients, in a cookie for instance, so it must reveal nothing else about the inside. */
  readonly key: string;
}

/** Smooth weighted round-robin: in any run as long as the sum of the weights, each target has had exactly its weight. */
export class Splitter<T> {
  private readonly targets: readonly SplitTarget<T>[];
  private readonly credits: Float64Array;
  private readonly totalWeight: number;
  private readonly targetByKey: ReadonlyMap<string, T>;

  /**
   * Starts at a random position of the run, because every worker has a split of its own and a reload may build it anew: if all started at
   * the beginning, a small share would get nothing when requests are few. Throws a TypeError when no target has a weight above zero, or
   * when two have the same key.
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

  /** The target for a hash, which is an integer from 0 on; each target gets its share of all hashes. */
  byHash(hash: number): T {
    const { targets } = this;
    let left = hash % this.totalWeight;
    let at = 0;
    while (at < targets.length - 1 && left >= targets[at]!.weight) left -= targets[at++]!.weight;
    return targets[at]!.value;
  }

  /** The target that a client was given before; undefined for a key that is made up or no longer known. */
  byKey(key: string): T | undefined {
    return this.targetByKey.get(key);
  }

  /** The key to hand to a client so that `byKey` finds this target again. Throws a TypeError for a value that is not a target. */
  keyOf(value: T): string {
    const target = this.targets.find(candidate => candidate.value === value);
    if (target === undefined) throw new TypeError('not a target of this split');
    return target.key;
  }
}
