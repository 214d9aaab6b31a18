// A part of a large set of endpoints, for one gateway of many: fewer connections in all, while each endpoint is in the subsets of about
// equally many gateways. Rendezvous hashing (Thaler and Ravishankar, 1998): an endpoint that leaves is replaced by one other.

import { hashText } from '../../base/hash.ts';
import type { Balanced, Balancer } from './balanced.ts';

/**
 * Returns the same `size` endpoints for the same `salt`, whatever their order. Returns all of them when there are no more than `size`, or
 * `size` is 0.
 */
export function subsetOf<E extends Balanced>(endpoints: readonly E[], size: number, salt: string): readonly E[] {
  if (size === 0 || endpoints.length <= size) return endpoints;
  const ranked = endpoints.map(endpoint => ({ endpoint, rank: hashText(`${salt} ${endpoint.key}`) }));
  ranked.sort((a, b) => a.rank - b.rank || (a.endpoint.key < b.endpoint.key ? -1 : 1));
  return ranked.slice(0, size).map(({ endpoint }) => endpoint);
}

/** Picks from a subset of the endpoints, and from all of them when no endpoint of the subset may be picked. */
export class SubsetFirst<E extends Balanced> implements Balancer<E> {
  private readonly subset: Balancer<E>;
  private readonly whole: Balancer<E>;

  constructor(subset: Balancer<E>, whole: Balancer<E>) {
    this.subset = subset;
    this.whole = whole;
  }

  pick(hash: number, tried: readonly E[] | null): E | undefined {
    const picked = this.subset.pick(hash, tried);
    if (picked !== undefined && (tried === null || !tried.includes(picked))) return picked;
    return this.whole.pick(hash, tried) ?? picked;
  }
}
