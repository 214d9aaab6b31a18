// Looks after the upstreams of the process, once for all workers: runs their health checks, compares their endpoints, keeps their shared
// cells claimed, and tries at the start the endpoints that have no health check.

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
import { tryEndpoints } from './try-endpoints.ts';

const KEEP_EVERY_MS = 30_000;

interface Check {
  readonly config: unknown;
  readonly stop: () => void;
}

/** A prober that speaks the protocol in which requests are sent. Its module is loaded with the first check of the kind. */
async function proberFor(kind: 'http' | 'tcp' | 'grpc', protocol: UpstreamConfig['protocol']): Promise<Prober> {
  if (kind === 'tcp') return (await import('../upstream/health/tcp-prober.ts')).probeTcp;
  if (kind === 'grpc') return (await import('../upstream/health/grpc-prober.ts')).probeGrpc;
  if (protocol === 'auto') return (await import('../upstream/health/h2-prober.ts')).probeEither;
  if (protocol === 'h2' || protocol === 'h2c') return (await import('../upstream/health/h2-prober.ts')).probeH2;
  return (await import('../upstream/health/http-prober.ts')).probeHttp;
}

/** The host that checks ask for where `healthCheck` says none: as requests do; null for that of the endpoint. */
function hostOfChecks({ host = 'endpoint' }: UpstreamConfig): string | null {
  return host === 'endpoint' ? null : host;
}

interface Member {
  readonly upstream: UpstreamConfig;
  readonly endpoints: readonly EndpointSpec[];
}

/** Endpoints of one upstream that are compared with each other at the end of each interval. */
interface Comparison {
  readonly outlier: OutlierConfig;
  endpoints: readonly EndpointSpec[];
  readonly stop: () => void;
}

export class HealthDesk {
  private readonly states: SharedStates;
  private readonly shelf: FeedShelf;
  private readonly log: (level: LogLevel, message: string, fields?: LogFields) => void;
  // The callback is empty because a TLS failure is reported as the outcome of a check.
  private readonly clientTls = new ClientTlsBook(() => {});
  /** Running checks by `endpoint <upstream> <url>`, the names of the shared cells. */
  private checks = new Map<string, Check>();
  /** Comparisons by the upstream's name. */
  private comparisons = new Map<string, Comparison>();
  private unsubscribers: (() => void)[] = [];
  private readonly keeping: NodeJS.Timeout;
  private keys: ReadonlySet<string> = new Set();
  /** Names of shared cells that do not belong to upstreams, such as the gates of routes. */
  private otherKeys: readonly string[] = [];
  /** Whether the endpoints without a health check were tried; done once, for the first configuration. */
  private areTried = false;

  /** `shelf` has the feeds that discovered endpoints are read from. */
  constructor(memory: SharedArrayBuffer, shelf: FeedShelf, log: HealthDesk['log']) {
    this.shelf = shelf;
    this.states = new SharedStates(memory, -1);
    this.log = log;
    this.keeping = setInterval(() => this.states.keep(this.keys, performance.now()), KEEP_EVERY_MS).unref();
  }

  /**
   * Takes the upstreams that serve from now on. Unchanged checks continue with what they know; their next connection uses the TLS files in
   * `material`, which is by the upstream's name.
   */
  useConfig(
    upstreams: readonly UpstreamConfig[],
    otherKeys: readonly string[] = [],
    material: ReadonlyMap<string, ClientTlsMaterial> = new Map(),
  ): void {
    this.otherKeys = otherKeys;
    const checked = upstreams.filter(({ healthCheck }) => healthCheck !== undefined);
    const names = new Set(checked.map(({ name }) => name));
    this.clientTls.prepare(new Map([...material].filter(([name]) => names.has(name))));
    this.clientTls.commit(checked);
    for (const end of this.unsubscribers) end();
    const members = upstreams.map(upstream => ({ upstream, source: membersOf(upstream, this.shelf) }));
    const reconcile = () =>
      this.reconcile(
        members.map(({ upstream, source }) => ({ upstream, endpoints: source?.now ?? upstream.endpoints })),
      );
    this.unsubscribers = members.flatMap(({ source }) => (source === null ? [] : [source.onChange(reconcile)]));
    reconcile();
  }

  /** Starts and stops checks and comparisons so that they are those of the present endpoints. */
  private reconcile(members: readonly Member[]): void {
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
        // Weight and zone are left out: they do not matter to a check, and may change often.
        const { url, tls, host, address, port } = endpoint;
        const { healthCheck, protocol, host: sentHost } = upstream;
        const config = [healthCheck, upstream.tls, protocol, sentHost, url, tls, host, address, port];
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
    if (this.areTried) return;
    this.areTried = true;
    const unchecked = members.filter(({ upstream }) => upstream.healthCheck === undefined);
    void tryEndpoints(unchecked, this.log);
  }

  stop(): void {
    clearInterval(this.keeping);
    for (const end of this.unsubscribers) end();
    for (const { stop } of this.comparisons.values()) stop();
    for (const { stop } of this.checks.values()) stop();
    this.checks.clear();
  }

  private block(key: string): StateBlock {
    return this.states.claim(key, performance.now());
  }

  private check(key: string, upstream: UpstreamConfig, endpoint: EndpointSpec): () => void {
    const { name, healthCheck, tls, protocol } = upstream;
    const spec = { ...healthCheck!, host: healthCheck!.host ?? hostOfChecks(upstream) };
    const prober = proberFor(spec.kind, protocol);
    const clientTls = tls === null ? null : this.clientTls.get(name, tls);
    const state = new HealthState(this.block(key), this.block(`upstream ${name}`), spec);
    return startEndpointCheck({
      probe: async () => (await prober)(endpoint, spec, clientTls?.context ?? null),
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

  /** Resets the health of an endpoint that is no longer checked: an old result must not count for ever. */
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

  /** Keeps the comparison whose settings did not change, so that its interval does not start anew with each discovered endpoint. */
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

  /** Ejects the endpoints that deviated from the rest of their upstream in the interval that ends now. */
  private compare(name: string, { outlier, endpoints }: Comparison): void {
    const blocks = endpoints.map(({ url }) => this.block(`endpoint ${name} ${url}`));
    // As in resilience.ts: endpoints of weight 0 cannot take over from ejected ones.
    const used = blocks.filter((_, index) => endpoints[index]!.weight > 0);
    const now = this.states.nowMs(performance.now());
    for (const [index, reason] of deviations(blocks.map(takeIntervalCounts), outlier).entries()) {
      if (reason === EjectReason.none) continue;
      const forMs = eject(blocks[index]!, used, reason, outlier, now);
      if (forMs === 0) continue;
      this.changed(name);
      const fields = { upstream: name, endpoint: endpoints[index]!.url, reason: ejectReasonTexts[reason]!, forMs };
      this.log('warn', 'endpoint ejected', fields);
    }
  }
}
