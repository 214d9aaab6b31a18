// A table with an endpoint in every slot, which the endpoints fill in turns; a key belongs to the slot of its hash. Google's Maglev
// (Eisenbud et al., NSDI 2016, section 3.4), with weights.

import { hashText } from '../../base/hash.ts';
import { anyEligible, type Balanced, type Balancer, isEligible } from './balanced.ts';

/** Number of slots. A prime, so that every stride visits every slot; each slot takes two bytes. */
const SLOTS = 65_537;
const EMPTY = 0xffff;

/**
 * Shares are even to within a slot or two, and a pick is one look-up. When an endpoint leaves, its keys move and a few others with them. An
 * unavailable endpoint hands its keys to the owners of the following slots, and gets them back when it is available again.
 */
export class Maglev<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  /** Index of the endpoint in each slot. */
  private readonly slots: Uint16Array;

  /** `slotCount` is a prime, at least a hundred times the number of endpoints. Throws a RangeError for 65,535 endpoints or more. */
  constructor(endpoints: readonly E[], slotCount = SLOTS) {
    if (endpoints.length >= EMPTY) throw new RangeError(`maglev balances fewer than ${EMPTY} endpoints`);
    this.endpoints = endpoints;
    this.slots = new Uint16Array(slotCount).fill(EMPTY);
    fill(this.slots, endpoints);
  }

  pick(hash: number, tried: readonly E[] | null): E | undefined {
    const { endpoints, slots } = this;
    let at = hash % slots.length;
    const owner = endpoints[slots[at]!]!;
    if (isEligible(owner, tried)) return owner;
    if (!anyEligible(endpoints, tried)) return tried === null ? undefined : this.pick(hash, null);
    for (let looked = 1; looked < slots.length; looked++) {
      at = at + 1 === slots.length ? 0 : at + 1;
      const endpoint = endpoints[slots[at]!]!;
      if (isEligible(endpoint, tried)) return endpoint;
    }
    // Because: with more endpoints than slots, some endpoints own no slot.
    return endpoints.find(endpoint => isEligible(endpoint, tried));
  }
}

/** Fills all slots: the endpoints take turns, each taking the next free slot in its own order of all slots. */
function fill(slots: Uint16Array, endpoints: readonly Balanced[]): void {
  const slotCount = slots.length;
  const heaviest = Math.max(...endpoints.map(({ weight }) => weight));
  // Sorted by key, so that the order in the configuration does not matter.
  const turns = endpoints
    .map(({ key, weight }, index) => ({
      key,
      index,
      share: weight / heaviest,
      // Credit saved towards a turn. Every endpoint starts with enough for a turn in the first round, so that the lightest gets a slot too.
      credit: 1 - weight / heaviest,
      at: hashText(key, 0) % slotCount,
      stride: (hashText(key, 1) % (slotCount - 1)) + 1,
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  let free = slotCount;
  for (;;) {
    for (const turn of turns) {
      turn.credit += turn.share;
      if (turn.credit < 1) continue;
      turn.credit -= 1;
      while (slots[turn.at] !== EMPTY) {
        turn.at += turn.stride;
        if (turn.at >= slotCount) turn.at -= slotCount;
      }
      slots[turn.at] = turn.index;
      if (--free === 0) return;
    }
  }
}
