// Endpoints of the gateway's own zone first; others as far as too few of one's own are healthy, or they are much busier. How an
// endpoint is picked on either side is a balancer's business.

import type { Random } from '../../base/random.ts';
import { type Balanced, type Balancer, isEligible } from './balanced.ts';

/** The own zone carries all while at least five sevenths of it are healthy: it is taken to have this much room to spare. */
const ROOM = 1.4;
/** The own zone is left for its load when an endpoint there has this many times the other's, and some more. */
const BUSIER = 2;
const SLACK = 4;
/** Health is looked at once in so many picks. */
const LOOK_EVERY = 64;

export class ZonePreference<E extends Balanced> implements Balancer<E> {
  private readonly near: Balancer<E>;
  private readonly far: Balancer<E>;
  private readonly nearEndpoints: readonly E[];
  private readonly random: Random;
  private picksUntilLook: number;
  /** Share of requests that leave the zone for want of healthy endpoints, 0 to 1. */
  private farShare: number;

  /** `nearEndpoints` are those that `near` picks from. */
  constructor(near: Balancer<E>, far: Balancer<E>, nearEndpoints: readonly E[], random: Random) {
    this.near = near;
    this.far = far;
    this.nearEndpoints = nearEndpoints;
    this.random = random;
    this.picksUntilLook = 0;
    this.farShare = 0;
  }

  pick(hash: number, tried: readonly E[] | null): E | undefined {
    if (--this.picksUntilLook < 0) this.look();
    const { far, farShare } = this;
    if (farShare > 0 && this.random.unit() < farShare) {
      const other = far.pick(hash, tried);
      if (other !== undefined && isEligible(other, tried)) return other;
    }
    const near = this.near.pick(hash, tried);
    if (near !== undefined && isEligible(near, tried) && near.inFlight <= SLACK * near.weight) return near;
    const other = far.pick(hash, tried);
    if (other === undefined) return near;
    if (near === undefined || !isEligible(near, tried)) return isEligible(other, tried) ? other : (near ?? other);
    return isMuchBusier(near, other) && isEligible(other, tried) ? other : near;
  }

  private look(): void {
    this.picksUntilLook = LOOK_EVERY;
    let healthy = 0;
    let all = 0;
    for (let i = 0; i < this.nearEndpoints.length; i++) {
      const { weight, available } = this.nearEndpoints[i]!;
      all += weight;
      if (available) healthy += weight;
    }
    this.farShare = Math.max(0, 1 - (ROOM * healthy) / all);
  }
}

function isMuchBusier(near: Balanced, far: Balanced): boolean {
  return near.inFlight / near.weight > BUSIER * (far.inFlight / far.weight) + SLACK;
}
