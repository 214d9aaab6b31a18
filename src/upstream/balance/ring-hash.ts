// A ring of points, several for each endpoint; a key belongs to the next point at or after its hash (Karger et al., 1997).

import { hashText, mixBits } from '../../base/hash.ts';
import { anyEligible, type Balanced, type Balancer, isEligible } from './balanced.ts';

/** Points of the endpoint with the smallest weight when nothing limits them; 256 keep the shares within some 10 % of even. */
const POINTS_PER_SHARE = 256;
/**
 * Most points on a ring, apart from the one point that each endpoint has at least. Eight bytes each: half a mebibyte for the largest ring.
 */
export const RING_POINTS_MAX = 65_536;

/**
 * When an endpoint joins or leaves, only its own keys move, about 1/N of all. An unavailable endpoint hands its keys to the next points on
 * the ring, and gets them back when it is available again. A common divisor of the weights has no effect. When the number of points would
 * exceed `RING_POINTS_MAX`, each endpoint has half as many, and that step itself moves about half of the keys.
 */
export class RingHash<E extends Balanced> implements Balancer<E> {
  private readonly endpoints: readonly E[];
  /** The positions of the points in ascending order, and for each point the index of its endpoint. */
  private readonly positions: Uint32Array;
  private readonly owners: Uint32Array;

  constructor(endpoints: readonly E[]) {
    this.endpoints = endpoints;
    const counts = pointCounts(endpoints.map(({ weight }) => weight));
    const points = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
    const byKey = endpoints.map(({ key }, index) => ({ key, index })).sort((a, b) => (a.key < b.key ? -1 : 1));
    let at = 0;
    byKey.forEach(({ key, index }, rank) => {
      const start = hashText(key, 0);
      const stride = hashText(key, 1) | 1;
      // Because: position and owner in one number sort together, and the rank by key decides ties independently of the order of endpoints.
      for (let i = 0; i < counts[index]!; i++) {
        points[at++] = mixBits(start + Math.imul(i, stride)) * endpoints.length + rank;
      }
    });
    points.sort();
    this.positions = Uint32Array.from(points, point => Math.floor(point / endpoints.length));
    this.owners = Uint32Array.from(points, point => byKey[point % endpoints.length]!.index);
  }

  /** Number of points on the ring. */
  get size(): number {
    return this.positions.length;
  }

  pick(hash: number, tried: readonly E[] | null): E | undefined {
    const { endpoints, owners } = this;
    let at = this.find(hash);
    const owner = endpoints[owners[at]!]!;
    if (isEligible(owner, tried)) return owner;
    if (!anyEligible(endpoints, tried)) return tried === null ? undefined : this.pick(hash, null);
    for (;;) {
      at = at + 1 === owners.length ? 0 : at + 1;
      const endpoint = endpoints[owners[at]!]!;
      if (isEligible(endpoint, tried)) return endpoint;
    }
  }

  /** Index of the first point at or after `hash`; past the last point, the first one. */
  private find(hash: number): number {
    const { positions } = this;
    let low = 0;
    let high = positions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (positions[middle]! < hash) low = middle + 1;
      else high = middle;
    }
    return low === positions.length ? 0 : low;
  }
}

/**
 * Number of points for each weight: in proportion, at least one. Reduced by halving, so that most changes leave the points of the other
 * endpoints alone.
 */
function pointCounts(weights: readonly number[]): number[] {
  const divisor = weights.every(Number.isInteger) ? weights.reduce(greatestCommonDivisor) : Math.min(...weights);
  const shares = weights.map(weight => weight / divisor);
  let perShare = POINTS_PER_SHARE;
  while (perShare * shares.reduce((sum, share) => sum + share, 0) > RING_POINTS_MAX) perShare /= 2;
  return shares.map(share => Math.max(1, Math.round(share * perShare)));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
