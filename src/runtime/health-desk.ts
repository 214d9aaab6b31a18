// Looks after the upstreams of the process, once for all workers: runs their health checks, compares their endpoints, keeps their cells, and
// says at the start which of the others nobody answers for.

import { isDeepStrictEqual } from 'node:util';
import { type FeedShelf, membersOf } from '../compile/upstream-members.ts';
import type { UpstreamConfig } from '../config/config.ts';
import type { OutlierConfig } from '../config/resilience-config.ts';
import { ClientTlsBook } from '../net/tls/client-tls-book.ts';
import type { ClientTlsMaterial } from '../net/tls/tls-material.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import type { EndpointSpec } from '../upstream/endpoint.ts';
import { HealthState, startEndpointCheck } from '../upstream/health/endpoint-check.ts';
import { outcomeText, type Prober } from '../upstream/health/prober.ts';
import { deviations, takeIntervalCounts } from '../upstream/outlier/deviation.ts';
import { EjectReason, eject, ejectReasonTexts } from '../upstream/outlier/ejection.ts';
import { SharedStates, type StateBlock } from '../upstream/state/shared-states.ts';
import { Health, StateCell } from '../upstream/state/state-cells.ts';
import { firstLook } from './first-look.ts';

const KEEP_EVERY_MS = 30_000;

interface Check {
  readonly config: unknown;
  readonly stop: () => void;
}

/** As requests are sent. Loaded with the first check of its kind. */
async function proberFor(kind: 'http' | 'tcp' | 'grpc', protocol: UpstreamConfig['protocol']): Promise<Prober> {
  if (kind === 'tcp') return (await import('../upstream/health/tcp-prober.ts')).probeTcp;
  if (kind === 'grpc') return (await import('../upstream/health/grpc-prober.ts')).probeGrpc;
  if (protocol === 'auto') return (await import('../upstream/health/h2-prober.ts')).probeEither;
  if (protocol === 'h2' || protocol === 'h2c') return (await import('../upstream/health/h2-prober.ts')).probeH2;
  return (await import('../upstream/health/http-prober.ts')).probeHttp;
}

interface Member {
  readonly upstream: UpstreamConfig;
  readonly endpoints: readonly EndpointSpec[];
}

/** Endpoints of one upstream that are held against each other at the end of each interval. */
interface Comparison {
  readonly outlier: OutlierConfig;
  endpoints: readonly EndpointSpec[];
  readonly stop: () => void;
}

export class HealthDesk {
  private readonly states: SharedStates;
  private readonly shelf: FeedShelf;
  private readonly log: (level: LogLevel, message: string, fields?: LogFields) => void;
  // What fails is told as a check's outcome.
  private readonly clientTls = new ClientTlsBook(() => {});
  /** By `endpoint <upstream> <url>`, as the cells are. */
  private checks = new Map<string, Check>();
  /** By the upstream's name. */
  private comparisons = new Map<string, Comparison>();
  private unfollow: (() => void)[] = [];
  private readonly keeping: NodeJS.Timeout;
  private keys: ReadonlySet<string> = new Set();
  /** Of cells that others use: gates of routes. */
  private otherKeys: readonly string[] = [];
  /** That those without a check were looked at, as the first configuration has them. */
  private looked = false;

  /** Where names lead to is read from `shelf`. */
  constructor(memory: SharedArrayBuffer, shelf: FeedShelf, log: HealthDesk['log']) {
    this.shelf = shelf;
    this.states = new SharedStates(memory, -1);
    this.log = log;
    this.keeping = setInterval(() => this.states.keep(this.keys, performance.now()), KEEP_EVERY_MS).unref();
  }

  /**
   * These are the upstreams from now on. Checks that did not change go on as they were, with what they know; their next connection is made with
   * `material`, which is by the upstream's name.
   */
  follow(
    upstreams: readonly UpstreamConfig[],
    otherKeys: readonly string[] = [],
    material: ReadonlyMap<string, ClientTlsMaterial> = new Map(),
  ): void {
    this.otherKeys = otherKeys;
    const checked = upstreams.filter(({ healthCheck }) => healthCheck !== undefined);
    const names = new Set(checked.map(({ name }) => name));
    this.clientTls.prepare(new Map([...material].filter(([name]) => names.has(name))));
    this.clientTls.commit(checked);
    for (const end of this.unfollow) end();
    const members = upstreams.map(upstream => ({ upstream, source: membersOf(upstream, this.shelf) }));
    const look = () =>
      this.look(members.map(({ upstream, source }) => ({ upstream, endpoints: source?.now ?? upstream.endpoints })));
    this.unfollow = members.flatMap(({ source }) => (source === null ? [] : [source.onChange(look)]));
    look();
  }

  private look(members: readonly Member[]): void {
    const before = this.checks;
    const keys = new Set<string>(this.otherKeys);
    this.checks = new Map();
    for (const { upstream, endpoints } of members) {
      keys.add(`upstream ${upstream.name}`);
      for (const endpoint of endpoints) {
        const key = `endpoint ${upstream.name} ${endpoint.url}`;
        keys.add(key);
        if (upstream.healthCheck === undefined) {
          this.forgetHealth(key, upstream.name);
          continue;
        }
        // Its weight and zone are nothing to a check, and may change all the time.
        const { url, tls, host, address, port } = endpoint;
        const config = [upstream.healthCheck, upstream.tls, upstream.protocol, url, tls, host, address, port];
        const known = before.get(key);
        const isSame = known !== undefined && isDeepStrictEqual(known.config, config);
        this.checks.set(key, isSame ? known : { config, stop: this.check(key, upstream, endpoint) });
      }
    }
    for (const [key, check] of before) if (this.checks.get(key) !== check) check.stop();
    for (const key of keys) this.block(key);
    this.keys = keys;
    const compared = this.comparisons;
    this.comparisons = new Map(
      members.flatMap(member => this.comparisonOf(member, compared.get(member.upstream.name))),
    );
    for (const [name, comparison] of compared) if (this.comparisons.get(name) !== comparison) comparison.stop();
    if (this.looked) return;
    this.looked = true;
    const unchecked = members.filter(({ upstream }) => upstream.healthCheck === undefined);
    void firstLook(unchecked, this.log);
  }

  stop(): void {
    clearInterval(this.keeping);
    for (const end of this.unfollow) end();
    for (const { stop } of this.comparisons.values()) stop();
    for (const { stop } of this.checks.values()) stop();
    this.checks.clear();
  }

  private block(key: string): StateBlock {
    return this.states.claim(key, performance.now());
  }

  private check(key: string, { name, healthCheck, tls, protocol }: UpstreamConfig, endpoint: EndpointSpec): () => void {
    const spec = healthCheck!;
    const prober = proberFor(spec.kind, protocol);
    const clientTls = tls === null ? null : this.clientTls.get(name, tls);
    const state = new HealthState(this.block(key), this.block(`upstream ${name}`), spec);
    return startEndpointCheck({
      probe: async () => (await prober)(endpoint, spec, clientTls?.contexts ?? null),
      state,
      intervalMs: spec.intervalMs,
      now: () => this.states.nowMs(performance.now()),
      onChange: (health, outcome) =>
        this.log(health === 'healthy' ? 'info' : 'warn', `endpoint is ${health}`, {
          upstream: name,
          endpoint: endpoint.url,
          reason: outcomeText(outcome),
        }),
    });
  }

  /** What checks found is not true for ever once nobody checks any more. */
  private forgetHealth(key: string, upstreamName: string): void {
    const { words, at } = this.block(key);
    if (words[at + StateCell.health] === Health.unknown) return;
    Atomics.store(words, at + StateCell.health, Health.unknown);
    this.changed(upstreamName);
  }

  private changed(upstreamName: string): void {
    const { words, at } = this.block(`upstream ${upstreamName}`);
    Atomics.add(words, at + StateCell.epoch, 1);
  }

  /** The one that is there goes on where its settings did not change: its interval is not to begin anew with each endpoint that comes. */
  private comparisonOf({ upstream, endpoints }: Member, known: Comparison | undefined): [string, Comparison][] {
    const { name, outlier } = upstream;
    if (outlier === undefined || outlier.successRateDeviations + outlier.latencyFactor === 0) return [];
    if (known !== undefined && isDeepStrictEqual(known.outlier, outlier)) {
      known.endpoints = endpoints;
      return [[name, known]];
    }
    const timer = setInterval(() => this.compare(name, comparison), outlier.intervalMs).unref();
    const comparison: Comparison = { outlier, endpoints, stop: () => clearInterval(timer) };
    return [[name, comparison]];
  }

  /** Ejects those that differed from the others of their upstream in the interval that ends now. */
  private compare(name: string, { outlier, endpoints }: Comparison): void {
    const blocks = endpoints.map(({ url }) => this.block(`endpoint ${name} ${url}`));
    const now = this.states.nowMs(performance.now());
    for (const [index, reason] of deviations(blocks.map(takeIntervalCounts), outlier).entries()) {
      if (reason === EjectReason.none) continue;
      const forMs = eject(blocks[index]!, blocks, reason, outlier, now);
      if (forMs === 0) continue;
      this.changed(name);
      const fields = { upstream: name, endpoint: endpoints[index]!.url, reason: ejectReasonTexts[reason]!, forMs };
      this.log('warn', 'endpoint ejected', fields);
    }
  }
}
