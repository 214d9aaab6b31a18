// Which endpoints of an upstream a worker may pick, according to the cells that all workers share. Looks again when a state changes or a
// deadline passes.

import { Random } from '../base/random.ts';
import { compareLoad } from './balance/least-loaded.ts';
import type { Endpoint } from './endpoint.ts';
import { endEjection } from './outlier/ejection.ts';
import type { StateBlock } from './state/shared-states.ts';
import { Health, StateCell, TimeCell } from './state/state-cells.ts';

/** How often the share of a recovering endpoint grows. */
const RAMP_STEP_MS = 100;
/** The share that a recovering endpoint starts with, so that enough requests reach it to show whether it works. */
const RAMP_START = 0.05;
/** Cells are read again at least this often, even when no change is announced. */
const LOOK_EVERY_MS = 1_000;

export interface AvailabilitySpec {
  /** Share of usable endpoints below which all endpoints are used, 0 to 1. */
  readonly panicThreshold: number;
  /** How long the share of a recovered endpoint takes to grow to its full size; 0 for full size at once. */
  readonly slowStartMs: number;
}

export class Availability {
  private readonly spec: AvailabilitySpec;
  private readonly endpoints: readonly Endpoint[];
  private readonly block: StateBlock;
  private readonly onBack: (endpoint: Endpoint) => void;
  private readonly random: Random;
  private epoch: number;
  private nextLook: number;
  /** Whether the share of any endpoint is still growing. */
  ramping: boolean;
  /** Panic mode: too few endpoints are usable, so all of them are used. */
  panics: boolean;
  /** Number of endpoints that are usable by their own state, also in panic mode, when all are used. */
  usable: number;

  /** `onBack` is called for each endpoint whose ejection ended, only on the one worker that ended it. */
  constructor(
    spec: AvailabilitySpec,
    endpoints: readonly Endpoint[],
    block: StateBlock,
    onBack: (endpoint: Endpoint) => void,
  ) {
    this.spec = spec;
    this.endpoints = endpoints;
    this.block = block;
    this.onBack = onBack;
    this.random = new Random();
    this.epoch = -1;
    this.nextLook = 0;
    this.ramping = false;
    this.panics = false;
    this.usable = endpoints.length;
  }

  /** Called before each pick; costs two comparisons when nothing changed. `now` is shared milliseconds. */
  look(now: number): void {
    const epoch = this.block.words[this.block.at + StateCell.epoch]!;
    if (epoch === this.epoch && now < this.nextLook) return;
    this.epoch = epoch;
    this.refresh(now);
  }

  /**
   * Whether the picked endpoint takes this request. An endpoint in slow start passes most of its turns on; the share that it takes grows.
   */
  takesTurn({ ramp }: Endpoint): boolean {
    return ramp === 1 || this.random.unit() < ramp;
  }

  /**
   * For a request that failed at every endpoint that may be used: the least loaded ejected endpoint that has not failed this request. If
   * that endpoint works again, it is a better choice than one that just failed, for example when endpoints are restarted one after another.
   * Undefined when there is none.
   */
  lastResort(tried: readonly Endpoint[], now: number): Endpoint | undefined {
    let best: Endpoint | undefined;
    for (const endpoint of this.endpoints) {
      const { words, at } = endpoint.block;
      if (endpoint.weight === 0 || words[at + StateCell.ejected] === 0 || tried.includes(endpoint)) continue;
      if (words[at + StateCell.health] === Health.unhealthy || (endpoint.breaker?.waitMs(now) ?? 0) > 0) continue;
      if (best === undefined || compareLoad(endpoint, best) < 0) best = endpoint;
    }
    return best;
  }

  /** Tells all workers that something changed. */
  changed(): void {
    Atomics.add(this.block.words, this.block.at + StateCell.epoch, 1);
  }

  private refresh(now: number): void {
    const { endpoints, spec } = this;
    let usable = 0;
    let known = 0;
    let weighed = 0;
    let backups = 0;
    this.nextLook = now + LOOK_EVERY_MS;
    this.ramping = false;
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i]!;
      const isUsable = this.isUsable(endpoint, now);
      endpoint.available = isUsable;
      endpoint.ramp = isUsable ? this.rampOf(endpoint, now) : 1;
      if (isUsable) known++;
      if (endpoint.weight === 0) continue;
      if (endpoint.backup) {
        if (isUsable) backups++;
        continue;
      }
      weighed++;
      if (isUsable) usable++;
    }
    this.usable = known;
    // While a backup may be used, nothing goes to endpoints that are known to be down.
    this.panics = backups === 0 && usable < weighed && usable < weighed * spec.panicThreshold;
    if (!this.panics) return;
    for (let i = 0; i < endpoints.length; i++) endpoints[i]!.available = true;
  }

  private isUsable(endpoint: Endpoint, now: number): boolean {
    const { words, times, at, timesAt } = endpoint.block;
    if (words[at + StateCell.health] === Health.unhealthy) return false;
    if (words[at + StateCell.ejected] !== 0) {
      if (!endEjection(endpoint.block, now)) {
        this.nextLook = Math.min(this.nextLook, times[timesAt + TimeCell.ejectedUntil]!);
        return false;
      }
      this.changed();
      this.onBack(endpoint);
    }
    const waitMs = endpoint.breaker === null ? 0 : endpoint.breaker.waitMs(now);
    if (waitMs > 0) this.nextLook = Math.min(this.nextLook, now + waitMs);
    return waitMs === 0;
  }

  private rampOf(endpoint: Endpoint, now: number): number {
    const { slowStartMs } = this.spec;
    if (slowStartMs === 0) return 1;
    const since = endpoint.block.times[endpoint.block.timesAt + TimeCell.recoveredAt]!;
    const share = since === 0 ? 1 : (now - since) / slowStartMs;
    if (share >= 1) return 1;
    this.ramping = true;
    this.nextLook = Math.min(this.nextLook, now + RAMP_STEP_MS);
    return Math.max(RAMP_START, share);
  }
}
