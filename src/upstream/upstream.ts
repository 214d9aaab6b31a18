// A named set of endpoints that provide the same service: picks an endpoint and lends its connections. One object per worker.

import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { Random } from '../base/random.ts';
import type { ClientTls } from '../net/tls/client-tls.ts';
import type { Gate, GateSpec } from './admission/gate.ts';
import { makeGate } from './admission/make-gate.ts';
import { Affinity, type AffinitySpec } from './affinity.ts';
import { isEligible } from './balance/balanced.ts';
import { type Balancer, createBalancer } from './balance/balancer.ts';
import { PeakLatency } from './balance/peak-latency.ts';
import { Endpoint, type EndpointSpec, identityOf, poolFor, type UpstreamProtocol } from './endpoint.ts';
import type { EndpointPool } from './endpoint-pool.ts';
import { GoawayCount } from './outlier/goaway-count.ts';
import type { PoolContext, PoolSettings } from './pool.ts';
import { Resilience, type ResilienceSpec } from './resilience.ts';
import { RetryBudget } from './retry/retry-budget.ts';
import { RetryPolicy, type RetrySpec } from './retry/retry-policy.ts';
import { SharedStates, type StateBlock } from './state/shared-states.ts';
import { TimeCell } from './state/state-cells.ts';

/** What a hashing balancer hashes. See `HashOnConfig` in src/config/config.ts, to which this is structurally equal. */
export interface HashOn {
  readonly source: 'header' | 'cookie' | 'query' | 'ip' | 'path';
  readonly name: string;
}

/** The part of `UpstreamConfig` in src/config/config.ts that an upstream needs; the whole is passed in as it is. */
export interface UpstreamSpec extends ResilienceSpec {
  readonly name: string;
  readonly endpoints: readonly EndpointSpec[];
  readonly balance: Parameters<typeof createBalancer>[0];
  readonly hashOn: HashOn | null;
  /** `endpoint` or a name, for the endpoints in place of the client's Host; left out to keep that. */
  readonly host?: string | undefined;
  /** HTTP/1.1 when left out. */
  readonly protocol?: UpstreamProtocol | undefined;
  readonly pool: PoolSettings;
  readonly timeoutMs: number;
  readonly responseTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly tunnelIdleTimeoutMs: number;
  readonly tunnelHalfCloseTimeoutMs: number;
  readonly retry?: RetrySpec | null | undefined;
  readonly concurrency?: GateSpec | undefined;
  readonly affinity?: AffinitySpec | undefined;
  /** Number of endpoints that this gateway uses of a large set; 0 or left out for all. */
  readonly subset?: number | undefined;
  /** Only compared: when it differs after a reload, connections are opened anew. Null when no endpoint speaks TLS. */
  readonly tls?: object | null;
}

/** What an upstream shares with the rest of its worker. */
export interface UpstreamContext extends PoolContext {
  /** When left out, the states of the endpoints are not shared with other workers. */
  readonly states?: SharedStates;
  /** The zone of this gateway; left out or empty when it prefers no zone. */
  readonly zone?: string;
  readonly log?: (
    level: 'info' | 'warn' | 'error',
    message: string,
    fields?: Readonly<Record<string, string | number | boolean>>,
  ) => void;
}

/** Distinguishes this gateway from others that use a subset of the same endpoints. */
const machineName = hostname();

/** A discovery source is asked to look again at most once in this time, however many connections fail. */
const LOOK_AGAIN_MS = 1_000;

/** Endpoints that come and go without a reload; see src/upstream/discovery. */
export interface EndpointSource {
  readonly now: readonly EndpointSpec[];
  /** Returns a function that ends the subscription. */
  onChange(listener: (endpoints: readonly EndpointSpec[]) => void): () => void;
  /** Asks the source to look again, because the endpoints that it found do not answer. Cheap. */
  nudge(): void;
}

export class Upstream {
  readonly name: string;
  readonly spec: UpstreamSpec;
  readonly metricsOffset: number;
  private readonly tls: ClientTls | null;
  private members: readonly Endpoint[];
  private balancer: Balancer<Endpoint>;
  /** Null when nothing is retried. */
  readonly retry: RetryPolicy | null;
  readonly budget: RetryBudget;
  /** The state of this upstream that all workers share. */
  readonly block: StateBlock;
  readonly states: SharedStates;
  /** Limits how many exchanges may be under way with this upstream; null for no limit. */
  readonly gate: Gate | null;
  private affinityNow: Affinity | null;
  private resilienceNow: Resilience;
  private readonly context: UpstreamContext;
  private readonly source: EndpointSource | null;
  private unfollow: (() => void) | null;
  private lookedAgainAt: number;

  /** Takes over the pools, with their connections, of the endpoints that `previous` had with the same settings. */
  constructor(
    spec: UpstreamSpec,
    metricsOffset: number,
    previous: Upstream | null,
    context: UpstreamContext,
    source: EndpointSource | null = null,
  ) {
    this.name = spec.name;
    this.spec = spec;
    this.metricsOffset = metricsOffset;
    this.context = context;
    this.states = context.states ?? new SharedStates(null, 0);
    this.block = this.states.claim(`upstream ${spec.name}`, context.io.clock.now);
    this.retry = spec.retry ? new RetryPolicy(spec.retry) : null;
    this.budget = new RetryBudget(this.block);
    this.source = source;
    const tls = spec.tls ?? null;
    this.tls = tls === null ? null : (context.clientTls?.get(spec.name, tls) ?? null);
    const samePool =
      previous !== null &&
      samePoolSettings(previous.spec.pool, spec.pool) &&
      previous.spec.protocol === spec.protocol &&
      isDeepStrictEqual(previous.spec.tls ?? null, tls);
    const keptPools = new Map(samePool ? previous.endpoints.map(({ identity, pool }) => [identity, pool]) : []);
    this.members = (source?.now ?? spec.endpoints).map(endpoint => this.endpointFor(endpoint, keptPools));
    this.balancer = this.balancerOf(this.members);
    this.gate = spec.concurrency ? makeGate(`upstream ${spec.name}`, spec.concurrency, context.io, this.states) : null;
    this.affinityNow = spec.affinity ? new Affinity(spec.affinity, spec.name, this.members) : null;
    this.resilienceNow = this.resilienceOf(this.members);
    this.unfollow = null;
    this.lookedAgainAt = Number.NEGATIVE_INFINITY;
    if (source !== null) this.follow(source);
  }

  get endpoints(): readonly Endpoint[] {
    return this.members;
  }

  /**
   * An endpoint for a request, or undefined when none is available. `hash` is used by hashing balancers only. Endpoints in `tried` are
   * avoided.
   */
  pick(hash: number, tried: readonly Endpoint[] | null): Endpoint | undefined {
    const { availability } = this.resilienceNow;
    if (availability === null) return this.balancer.pick(hash, tried);
    availability.look(this.nowMs);
    const endpoint = this.balancer.pick(hash, tried);
    if (tried !== null && endpoint !== undefined && tried.includes(endpoint))
      return availability.lastResort(tried, this.nowMs) ?? endpoint;
    if (!availability.ramping || endpoint === undefined || tried !== null) return endpoint;
    return availability.takesTurn(endpoint) ? endpoint : this.balancer.pick(hash, [endpoint]);
  }

  /** Whether a particular endpoint, to which a client sticks, may be used now. */
  mayUse(endpoint: Endpoint): boolean {
    this.resilienceNow.availability?.look(this.nowMs);
    return endpoint.available && !(endpoint.backup && this.hasOtherThanBackups);
  }

  /** Whether an endpoint that is not in `tried` may be used now. */
  mayUseOtherThan(tried: readonly Endpoint[]): boolean {
    this.resilienceNow.availability?.look(this.nowMs);
    return this.members.some(each => each.weight > 0 && isEligible(each, tried));
  }

  /** Whether requests go to backups, because no other endpoint may be used. */
  get usesBackups(): boolean {
    return this.members.some(({ backup, available }) => backup && available) && !this.hasOtherThanBackups;
  }

  private get hasOtherThanBackups(): boolean {
    return this.members.some(({ backup, available, weight }) => !backup && available && weight > 0);
  }

  /** Null when clients do not stick to endpoints. */
  get affinity(): Affinity | null {
    return this.affinityNow;
  }

  get resilience(): Resilience {
    return this.resilienceNow;
  }

  /** Shared milliseconds: the same time on every worker. */
  get nowMs(): number {
    return this.states.nowMs(this.context.io.clock.now);
  }

  /**
   * Replaces the endpoints. An endpoint that stays is kept as the same object, with its pool and state. An endpoint that is gone gets no
   * new requests, finishes those under way and closes its connections.
   */
  replaceEndpoints(specs: readonly EndpointSpec[]): void {
    const before = new Map(this.members.map(endpoint => [endpoint.identity, endpoint]));
    this.members = specs.map(spec => {
      const identity = identityOf(spec);
      const known = before.get(identity);
      if (known === undefined) return this.endpointFor(spec, null);
      before.delete(identity);
      known.weight = spec.weight;
      known.zone = spec.zone;
      known.backup = spec.backup === true;
      return known;
    });
    this.balancer = this.balancerOf(this.members);
    const { affinity, name } = this.spec;
    if (affinity) this.affinityNow = new Affinity(affinity, name, this.members);
    this.resilienceNow = this.resilienceOf(this.members);
    for (const gone of before.values()) gone.pool.retire();
  }

  /**
   * Called when discovered endpoints do not answer, since they may have moved: asks their source to look again. `now` is in milliseconds.
   */
  lookAgain(now: number): void {
    if (this.source === null || now - this.lookedAgainAt < LOOK_AGAIN_MS) return;
    this.lookedAgainAt = now;
    this.source.nudge();
  }

  /** Ends this upstream: closes the pools that `successor` did not take over. Requests under way are finished. */
  retire(successor: Upstream | null): void {
    this.unfollow?.();
    for (const endpoint of this.endpoints) {
      if (successor?.endpoints.some(candidate => candidate.pool === endpoint.pool)) continue;
      endpoint.pool.retire();
    }
  }

  private endpointFor(spec: EndpointSpec, keptPools: ReadonlyMap<string, EndpointPool> | null): Endpoint {
    const { name, pool } = this.spec;
    const kept = keptPools?.get(identityOf(spec));
    const block = this.states.claim(`endpoint ${name} ${spec.url}`, this.context.io.clock.now);
    const latency =
      this.spec.balance === 'peakEwma' ? new PeakLatency(block.times, block.timesAt + TimeCell.peakLatency) : null;
    const { metricsOffset, context, tls } = this;
    const goaways = new GoawayCount(block);
    const ownPool = kept ?? poolFor(spec, pool, metricsOffset, context, tls, this.spec.protocol, goaways);
    return new Endpoint(spec, name, ownPool, block, latency, this.spec.host);
  }

  private balancerOf(endpoints: readonly Endpoint[]): Balancer<Endpoint> {
    const { zone = '' } = this.context;
    const settings = { zone, subset: this.spec.subset ?? 0, instance: machineName, now: () => this.nowMs };
    return createBalancer(this.spec.balance, endpoints, new Random(), settings);
  }

  private resilienceOf(endpoints: readonly Endpoint[]): Resilience {
    const { name, spec, block, metricsOffset, context } = this;
    const log = context.log ?? (() => {});
    return new Resilience(spec, { upstreamName: name, endpoints, block, cells: context.cells, metricsOffset, log });
  }

  private follow(source: EndpointSource): void {
    // An upstream that was compiled but never served is never retired. The source must not keep it in memory through this subscription.
    const self = new WeakRef(this);
    const unfollow = source.onChange(endpoints => {
      const upstream = self.deref();
      if (upstream === undefined) unfollow();
      else upstream.replaceEndpoints(endpoints);
    });
    this.unfollow = unfollow;
  }
}

function samePoolSettings(a: PoolSettings, b: PoolSettings): boolean {
  return (
    a.maxConnections === b.maxConnections &&
    a.maxPending === b.maxPending &&
    a.maxRequestsPerConnection === b.maxRequestsPerConnection &&
    a.maxStreams === b.maxStreams &&
    a.idleTimeoutMs === b.idleTimeoutMs &&
    a.connectTimeoutMs === b.connectTimeoutMs
  );
}
