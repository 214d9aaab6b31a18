// Brings a configuration to the workers in two phases: every worker compiles it aside and opens its new listeners, then all
// workers swap. When one worker fails, none swaps. Reads no files, and starts no workers.

import { changedRange } from '../base/changed-range.ts';
import { messageOf } from '../base/message-of.ts';
import { type CollectedNeeds, collectNeeds } from '../compile/filter-needs.ts';
import { filtersInUse } from '../compile/filters-in-use.ts';
import { feedsOfUpstreams } from '../compile/upstream-members.ts';
import { nonBareRoutes } from '../config/checks/non-bare-routes.ts';
import type { Config, Problem } from '../config/config.ts';
import type { TlsMaterial } from '../net/tls/tls-material.ts';
import type { MetricRegistry } from '../telemetry/metric-registry.ts';
import { packOffsets } from '../telemetry/packed-offsets.ts';
import { encodeConfig } from './config-transfer.ts';
import type { FeedDesk } from './feeds/feed-desk.ts';
import { checkAddressesFree, listenOrders } from './listener-book.ts';
import type { ListenOrder, PrepareOrder, PrepareReport } from './messages.ts';
import type { SharedTables } from './shared-tables.ts';
import { type TicketKeyMaker, ticketLifetimesMs } from './ticket-keys.ts';
import type { WorkerCrew } from './worker-crew.ts';
import { WorkerLost, type WorkerThread } from './worker-thread.ts';

/** The reason that is reported when a rollout is abandoned because the gateway was told to stop. */
export const STOPPING = 'the gateway is about to stop';

/** The configuration that serves on all workers. */
export interface Serving {
  readonly config: Config;
  /** Listeners with their real ports. */
  readonly listeners: readonly ListenOrder[];
  readonly tls: TlsMaterial;
}

export type RolloutResult =
  | { readonly ok: true; readonly reports: readonly PrepareReport[] }
  /**
   * `problems` are errors in the document; `reason` is any other failure, empty when there are problems. `lostWorker` means that a
   * worker died meanwhile: the same configuration may succeed once that worker is replaced.
   */
  | {
      readonly ok: false;
      readonly problems: readonly Problem[];
      readonly reason: string;
      readonly lostWorker: boolean;
    };

/** The workers and what they share, with the objects that size the shared parts for a configuration. */
export interface RolloutParts {
  readonly crew: WorkerCrew;
  readonly registry: MetricRegistry;
  readonly tables: SharedTables;
  readonly feeds: FeedDesk;
  readonly tickets: TicketKeyMaker;
}

const noNeeds: CollectedNeeds = { filters: [], tables: [], feeds: [], events: [], limits: [] };

export class Rollout {
  private readonly parts: RolloutParts;
  private current: Serving | null = null;
  /** What the serving configuration needs. */
  private needs: CollectedNeeds = noNeeds;
  private readonly stopping = new AbortController();

  constructor(parts: RolloutParts) {
    this.parts = parts;
  }

  get serving(): Serving | null {
    return this.current;
  }

  /**
   * To be called when the gateway stops: a rollout in progress is abandoned unless workers are swapping already, and no further one begins.
   * The first rollout of a start continues, because before it nothing serves that could be stopped.
   */
  giveUp(): void {
    if (this.current !== null) this.stopping.abort(new Error(STOPPING));
  }

  /** Resolves as `wait` does, but rejects when `giveUp` was called before or is called meanwhile. What `wait` began is not cancelled. */
  async unlessGivenUp<Value>(wait: () => Promise<Value>): Promise<Value> {
    const { signal } = this.stopping;
    signal.throwIfAborted();
    let onAbort = (): void => {};
    const givenUp = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener('abort', onAbort);
    });
    try {
      return await Promise.race([wait(), givenUp]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** To be called in a turn of the TurnQueue. Does not reject: a failure is part of the result. */
  async deploy(config: Config, tls: TlsMaterial): Promise<RolloutResult> {
    try {
      return await this.tryDeploy(config, tls);
    } catch (error) {
      // The workers that succeeded must discard what the others could not prepare; a dead worker has nothing to discard.
      await this.parts.crew.callAll('abort', null).catch(() => {});
      this.keepOnlyServing();
      const reason = messageOf(error);
      return { ok: false, problems: [], reason, lostWorker: error instanceof WorkerLost };
    }
  }

  private async tryDeploy(config: Config, tls: TlsMaterial): Promise<RolloutResult> {
    const { current } = this;
    const { crew, feeds, tickets } = this.parts;
    if (crew.workers.length === 0) throw new WorkerLost('no worker is alive');
    const before = current?.listeners ?? [];
    const orders = listenOrders(config.listeners, tls.listeners, before);
    await checkAddressesFree(orders, before);
    const ofFilters = collectNeeds(config, await filtersInUse(config));
    const needs = { ...ofFilters, feeds: [...ofFilters.feeds, ...feedsOfUpstreams(config)] };
    // Before the feeds open, because a feed that keeps a table up to date looks for the table when it starts.
    this.parts.tables.ensure(needs.tables);
    await this.unlessGivenUp(() => feeds.open(needs.feeds));
    if (tickets.ensure(ticketLifetimesMs(config)) || current === null) await crew.callAll('tickets', tickets.keys);
    const order = this.prepareOrder(config, current?.config ?? null, needs, tls);
    const reports = await this.unlessGivenUp(() => crew.callAll('prepare', order));
    const problems = reports.find(report => report.problems.some(({ severity }) => severity === 'error'))?.problems;
    if (problems !== undefined) {
      await crew.callAll('abort', null);
      this.keepOnlyServing();
      return { ok: false, problems, reason: '', lostWorker: false };
    }
    const listeners = await this.listen(orders);
    // Set before the calls, so that a worker that dies in between is replaced by one that serves the new configuration.
    this.current = { config, listeners, tls };
    this.needs = needs;
    await Promise.allSettled(crew.workers.map(worker => worker.call('commit', null)));
    this.keepOnlyServing();
    this.parts.tables.keepOnly(needs.tables, performance.now());
    return { ok: true, reports };
  }

  /** Gives up feeds and ticket keys that the serving configuration does not need. */
  private keepOnlyServing(): void {
    const { feeds, tickets } = this.parts;
    feeds.keepOnly(this.needs.feeds);
    tickets.keepOnly(this.current === null ? new Set() : ticketLifetimesMs(this.current.config));
  }

  /** Brings a worker that replaces another to the configuration that serves. Rejects when the worker cannot serve it. */
  async bringUp(worker: WorkerThread): Promise<void> {
    const { current } = this;
    if (current === null) return;
    await worker.call('tickets', this.parts.tickets.keys);
    await this.parts.feeds.tell((key, value) => worker.call('feed', { key, value }));
    const { problems } = await worker.call('prepare', this.prepareOrder(current.config, null, this.needs, current.tls));
    const wrong = problems.find(({ severity }) => severity === 'error');
    if (wrong !== undefined) throw new Error(wrong.message);
    const { error } = await worker.call('listen', current.listeners);
    if (error !== '') throw new Error(error);
    await worker.call('commit', null);
  }

  private prepareOrder(config: Config, base: Config | null, needs: CollectedNeeds, tls: TlsMaterial): PrepareOrder {
    const { registry, tables } = this.parts;
    // Unchanged routes have their blocks already.
    const { from, toNow } = changedRange(base?.routes ?? [], config.routes);
    for (let at = from; at < toNow; at++) registry.block('route', config.routes[at]!.name);
    for (const { name, canary, mirror } of nonBareRoutes(config.routes)) {
      if (canary !== undefined) registry.block('canary', name);
      if (mirror !== undefined) registry.block('mirror', name);
    }
    for (const { name } of config.upstreams) registry.block('upstream', name);
    for (const event of needs.events) registry.block('event', event);
    for (const limit of needs.limits) registry.block('limit', limit);
    tables.ensure(needs.tables);
    return {
      transfer: encodeConfig(config, base),
      filters: needs.filters,
      routeMetricOffsets: packOffsets(registry.blocks('route')),
      upstreamMetricOffsets: packOffsets(registry.blocks('upstream')),
      eventMetricOffsets: packOffsets(registry.blocks('event')),
      limitMetricOffsets: packOffsets(registry.blocks('limit')),
      canaryMetricOffsets: packOffsets(registry.blocks('canary')),
      mirrorMetricOffsets: packOffsets(registry.blocks('mirror')),
      tables: tables.all,
      upstreamTls: tls.upstreams,
    };
  }

  /** The first worker finds out the ports that the system chooses; the other workers use the same ports. */
  private async listen(orders: readonly ListenOrder[]): Promise<readonly ListenOrder[]> {
    const [first, ...others] = this.parts.crew.workers;
    const { ports, error } = await first!.call('listen', orders);
    if (error !== '') throw new Error(error);
    const bound = orders.map((order, index) => ({ ...order, port: ports[index]! }));
    const reports = await Promise.all(others.map(worker => worker.call('listen', bound)));
    const failed = reports.find(report => report.error !== '');
    if (failed !== undefined) throw new Error(failed.error);
    return bound;
  }
}
