// Two versions under traffic in virtual time: what each request does is drawn from a seeded source.

import { Random } from '../../base/random.ts';
import { recordVersion, VersionCell } from '../../telemetry/canary-cells.ts';
import { type CanarySpec, type CanaryState, type Decision, nextCanary, shareOf, startCanary } from './canary-state.ts';
import { readCounts } from './version-counts.ts';

export interface VersionBehaviour {
  /** Share of requests that fail, 0 to 1. */
  readonly errorRate: number;
  readonly latencyMs: number;
  /** Latency of a slow request, in milliseconds; `slowRate` is the share of such requests, 0 to 1. */
  readonly slowMs: number;
  readonly slowRate: number;
}

export const healthy: VersionBehaviour = { errorRate: 0.002, latencyMs: 20, slowMs: 60, slowRate: 0.005 };

const LOOK_MS = 200;
const CANARY_AT = 100;

export class CanarySimulation {
  readonly decisions: (Decision & { readonly atMs: number })[] = [];
  readonly shares: number[] = [];
  canaryRequests = 0;
  canaryErrors = 0;
  state: CanaryState;
  private readonly spec: CanarySpec;
  private readonly random: Random;
  private readonly cells = new Float64Array(200);
  private nowMs = 0;

  constructor(spec: CanarySpec, seed: number) {
    this.spec = spec;
    this.random = new Random(seed);
    this.state = startCanary(spec, this.look());
    this.shares.push(shareOf(this.state, spec));
  }

  /** Simulates `ms` milliseconds with `perSecond` requests a second. */
  run(ms: number, perSecond: number, stable: VersionBehaviour, canary: VersionBehaviour): this {
    const until = this.nowMs + ms;
    let due = 0;
    while (this.nowMs < until) {
      this.nowMs += LOOK_MS;
      for (due += (perSecond * LOOK_MS) / 1_000; due >= 1; due--) this.request(stable, canary);
      const { state, decision } = nextCanary(this.state, this.spec, this.look());
      this.state = state;
      this.shares.push(shareOf(state, this.spec));
      if (decision !== null) this.decisions.push({ ...decision, atMs: this.nowMs });
    }
    return this;
  }

  private request(stable: VersionBehaviour, canary: VersionBehaviour): void {
    const isCanary = this.random.unit() < shareOf(this.state, this.spec);
    const { errorRate, latencyMs, slowMs, slowRate } = isCanary ? canary : stable;
    const failed = this.random.unit() < errorRate;
    const ms = this.random.unit() < slowRate ? slowMs : latencyMs * (0.5 + this.random.unit());
    recordVersion(this.cells, isCanary ? CANARY_AT : 0, failed, ms);
    if (!isCanary) return;
    this.canaryRequests++;
    if (failed) this.canaryErrors++;
  }

  private look() {
    const slabs = [this.cells];
    return { nowMs: this.nowMs, stable: readCounts(slabs, 0), canary: readCounts(slabs, CANARY_AT + VersionCell.ok) };
  }
}
