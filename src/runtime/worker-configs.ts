// A worker's configurations: the one that serves, and the one that is being compiled beside it. Touches no traffic.

import { loadDefinitions } from '../compile/catalog.ts';
import type { FilterDefinitions } from '../compile/compile-chain.ts';
import { type CompileContext, type Compiled, compileSnapshot } from '../compile/compile-snapshot.ts';
import { closeStores, closeUnheldStores, openStores, type Stores } from '../compile/compile-stores.ts';
import { SliceBudget } from '../compile/slice-budget.ts';
import { OffsetsUnpacker } from '../telemetry/packed-offsets.ts';
import { decodeConfig } from './config-transfer.ts';
import type { PrepareOrder, PrepareReport } from './messages.ts';
import { runSliced } from './run-sliced.ts';

/** What a worker compiles every configuration with. */
type StandingContext = Pick<CompileContext, 'pools' | 'worker'>;

export class WorkerConfigs {
  private readonly context: StandingContext;
  private readonly offsets = new OffsetsUnpacker();
  private serving: Compiled | null = null;
  private prepared: Compiled | null = null;
  private order: PrepareOrder | null = null;

  constructor(context: StandingContext) {
    this.context = context;
  }

  /** Loads filters that are used for the first time, then decodes and compiles in slices. Rejects when a newer order arrives meanwhile. */
  async prepare(order: PrepareOrder): Promise<PrepareReport> {
    this.abort();
    this.order = order;
    const definitions = await loadDefinitions(order.filters);
    const steps = this.steps(order, definitions);
    const { value, totalMs, longestSliceMs } = await runSliced(steps, () => this.order !== order);
    const { compiled, problems, decodedElements } = value;
    if (compiled !== null) {
      await openStores(compiled.usedStores);
      if (this.order !== order) {
        this.discard(compiled);
        throw new Error('given up, since something newer came');
      }
    }
    this.prepared = compiled;
    return { problems, decodedElements, keptRoutes: compiled?.keptRoutes ?? 0, totalMs, longestSliceMs };
  }

  /** Puts the prepared configuration to use. Throws when none is prepared. */
  commit(): Compiled {
    const { prepared, serving } = this;
    if (prepared === null) throw new Error('there is no configuration to put to use');
    this.serving = prepared;
    this.prepared = null;
    this.order = null;
    if (serving !== null) this.closeLater(serving.stores, prepared);
    return prepared;
  }

  /**
   * Closes the stores that `next` no longer has. Exchanges in progress keep the configuration that they began with, so their stores stay
   * open for drainTimeoutMs, as in a drain. Deferred responses, which clients were told to fetch later, may take longer and hold their
   * stores themselves. A store that a later reload removes gets a delay of its own, which covers the exchanges that began meanwhile.
   */
  private closeLater(stores: Stores, next: Compiled): void {
    const { stores: kept, config } = next;
    if (stores.size > 0) setTimeout(() => void closeUnheldStores(stores, kept), config.drainTimeoutMs).unref();
  }

  /** Discards the prepared configuration, or stops preparing one. */
  abort(): void {
    if (this.prepared !== null) this.discard(this.prepared);
    this.prepared = null;
    this.order = null;
  }

  /** Closes the stores of the serving configuration, once the worker has drained. */
  async close(): Promise<void> {
    if (this.serving !== null) await closeStores(this.serving.stores, new Map());
  }

  /** Closes the stores that were opened for a configuration that will not serve. */
  private discard(compiled: Compiled): void {
    void closeStores(compiled.stores, this.serving?.stores ?? new Map());
  }

  private *steps(order: PrepareOrder, definitions: FilterDefinitions) {
    const { serving, offsets } = this;
    const budget = new SliceBudget();
    const { config, decodedElements } = yield* decodeConfig(order.transfer, serving?.config ?? null, budget);
    yield* budget.pause();
    const context = {
      ...this.context,
      definitions,
      routeMetricOffsets: offsets.unpack('route', order.routeMetricOffsets),
      upstreamMetricOffsets: offsets.unpack('upstream', order.upstreamMetricOffsets),
      eventMetricOffsets: offsets.unpack('event', order.eventMetricOffsets),
      limitMetricOffsets: offsets.unpack('limit', order.limitMetricOffsets),
      canaryMetricOffsets: offsets.unpack('canary', order.canaryMetricOffsets),
      mirrorMetricOffsets: offsets.unpack('mirror', order.mirrorMetricOffsets),
    };
    const result = yield* compileSnapshot(config, serving, context, budget);
    return { ...result, decodedElements };
  }
}
