// Prefers endpoints in the gateway's own zone. Uses other zones as far as too few endpoints of its own zone are healthy, or when these are
// much busier. Which endpoint is picked on either side is up to that side's balancer.

import type { Random } from '../../base/random.ts';
import { type Balanced, type Balancer, isEligible } from './balanced.ts';

/**
 * The own zone serves all requests while at least five sevenths (1 / ROOM) of its weight is healthy: it is assumed to have that much spare
 * capacity.
 */
const ROOM = 1.4;
/**
 * A request leaves the own zone because of load when the endpoint there has more than BUSIER times the other's requests per weight, plus
 * SLACK.
 */
const BUSIER = 2;
const SLACK = 4;
/** Health is checked once in this many picks. */
const LOOK_EVERY = 64;

export class ZonePreference<E extends Balanced> implements Balancer<E> {
  private readonly near: Balancer<E>;
  private readonly far: Balancer<E>;
  private readonly nearEndpoints: readonly E[];
  private readonly random: Random;
  private picksUntilLook: number;
  /** Share of requests that go to other zones because too few endpoints of the own zone are healthy, 0 to 1. */
  private farShare: number;

  /** `nearEndpoints` are the endpoints that `near` picks from. */
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
