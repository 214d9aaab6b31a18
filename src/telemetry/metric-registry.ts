// The supervisor's registry of metric blocks: the offset of each name, and the slabs of all workers. Renders nothing.

import { ConsumerBook, consumerBookBytes } from './consumer-book.ts';
import type { ConsumerSeries } from './consumer-counter.ts';
import { limitLabel } from './limit-label.ts';
import { type BlockKindName, blockKinds } from './metric-families.ts';
import { MetricSlab, type SlabLayout, slabLayout } from './metric-slab.ts';

export interface MetricCapacity {
  /** Routes with series of their own; later ones share `OTHER_LABEL`. Default 1000. */
  readonly routesMax?: number;
  /** As `routesMax`, for upstreams. Default 1000. */
  readonly upstreamsMax?: number;
  /** As `routesMax`, for consumers in the order of their first requests. Default 0: consumers are not counted. */
  readonly consumersMax?: number;
}

/** Label of the block that all names beyond the capacity share. A route with this very name shares it too. */
export const OTHER_LABEL = 'other';

/** As `OTHER_LABEL`, for limits, which have two labels. */
export const OTHER_LIMIT_LABEL = limitLabel(OTHER_LABEL, OTHER_LABEL);

/** Label of the route block for requests that no route matched. */
export const NO_ROUTE_LABEL = 'none';

/** Name → offset of its block. A name that is missing here counts in the block of `OTHER_LABEL`, see `offsetIn`. */
export type BlockOffsets = ReadonlyMap<string, number>;

/**
 * Gives every name a block at a fixed offset, the same in every slab; a name keeps its offset over reloads. Names that are no longer
 * configured keep theirs as well, since an exchange with an old snapshot may still count there, and a counter that vanishes and comes back
 * reads as a reset. When the capacity is used up, new names share one block.
 */
export class MetricRegistry {
  readonly layout: SlabLayout;
  /** Cells that the supervisor itself writes: the gateway's block. */
  readonly own: MetricSlab;
  /** For the workers, which assign places to consumers themselves; null when consumers are not counted. */
  readonly consumers: ConsumerSeries | null;
  private readonly workerSlabs = new Map<number, MetricSlab>();
  private readonly offsets: Readonly<Record<BlockKindName, Map<string, number>>>;

  constructor(capacity: MetricCapacity = {}) {
    const { routesMax = 1_000, upstreamsMax = 1_000, consumersMax = 0 } = capacity;
    this.layout = slabLayout({ routesMax, upstreamsMax, consumersMax });
    const names = consumersMax === 0 ? null : new SharedArrayBuffer(consumerBookBytes(consumersMax));
    this.consumers = names === null ? null : { names, offset: this.layout.regions.consumer.start };
    this.own = new MetricSlab(this.layout);
    this.offsets = {
      gateway: new Map(),
      worker: new Map(),
      build: new Map(),
      route: new Map(),
      upstream: new Map(),
      certificate: new Map(),
      revocationList: new Map(),
      event: new Map(),
      limit: new Map(),
      consumer: new Map(),
      canary: new Map(),
      mirror: new Map(),
    };
    this.block('gateway', '');
    this.block('worker', '');
    this.block('route', OTHER_LABEL);
    this.block('route', NO_ROUTE_LABEL);
    this.block('upstream', OTHER_LABEL);
    this.block('limit', OTHER_LIMIT_LABEL);
    this.block('canary', OTHER_LABEL);
    this.block('mirror', OTHER_LABEL);
  }

  /**
   * Offset of the block with this label, assigned now if the label is new. `worker` and `gateway` have one block, label `''`. Call it only
   * for configurations that passed their checks: a name once seen keeps its place.
   */
  block(kind: BlockKindName, label: string): number {
    const offsets = this.offsets[kind];
    const known = offsets.get(label);
    if (known !== undefined) return known;
    const { start, blocks } = this.layout.regions[kind];
    // In kinds where names beyond the capacity share a block, that is the first one.
    if (offsets.size >= blocks) return offsets.get(OTHER_LABEL) ?? start;
    const offset = start + offsets.size * blockKinds[kind].cellCount;
    offsets.set(label, offset);
    return offset;
  }

  /** All labels of a kind with their offsets; can be posted to a worker. */
  blocks(kind: BlockKindName): BlockOffsets {
    return kind === 'consumer' ? this.consumerBlocks() : this.offsets[kind];
  }

  private consumerBlocks(): BlockOffsets {
    if (this.consumers === null) return new Map();
    const { names, offset } = this.consumers;
    const blocks = new Map([[OTHER_LABEL, offset]]);
    for (const [name, place] of new ConsumerBook(names).entries()) {
      blocks.set(name, offset + (place + 1) * blockKinds.consumer.cellCount);
    }
    return blocks;
  }

  /**
   * Memory for the worker in this slot. The first worker of a slot gets a new slab; a worker that replaces another goes on counting in the
   * same slab, with the gauges at zero. Call it when the old worker is gone and before the new one starts.
   */
  openSlot(slot: number): SharedArrayBuffer {
    const known = this.workerSlabs.get(slot);
    if (known !== undefined) {
      known.resetGauges();
      return known.memory;
    }
    const slab = new MetricSlab(this.layout);
    this.workerSlabs.set(slot, slab);
    return slab.memory;
  }

  /** Called when a worker has ended: sets its gauges to zero; its counters stay. */
  closeSlot(slot: number): void {
    this.workerSlabs.get(slot)?.resetGauges();
  }

  /** The cells of the supervisor and of every worker slot so far. */
  allCells(): Float64Array[] {
    return [this.own.cells, ...Array.from(this.workerSlabs.values(), slab => slab.cells)];
  }
}

/**
 * The offset for a label on the worker's side, which has only the posted map. Throws when neither the label nor `OTHER_LABEL` has a block.
 */
export function offsetIn(blocks: BlockOffsets, label: string): number {
  const offset = blocks.get(label) ?? blocks.get(OTHER_LABEL);
  if (offset === undefined) throw new Error(`no metric block for ${label}, and none for ${OTHER_LABEL}`);
  return offset;
}
