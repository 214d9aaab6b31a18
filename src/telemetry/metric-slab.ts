// The memory of metrics: one slab of shared cells per worker, all with the same layout. Knows no names of blocks.

import { type BlockKindName, blockKinds, CELLS_A_LINE } from './metric-families.ts';

/** How many blocks of each kind a slab has room for. Fixed at start: offsets are part of compiled routes. */
export interface SlabCapacity {
  readonly routesMax: number;
  readonly upstreamsMax: number;
  /** 0: consumers are not counted. */
  readonly consumersMax: number;
}

/** Where the blocks of a kind lie in a slab. */
export interface SlabRegion {
  readonly start: number;
  readonly blocks: number;
}

export interface SlabLayout {
  readonly regions: Readonly<Record<BlockKindName, SlabRegion>>;
  readonly cellCount: number;
}

/** Blocks that belong to no name: one for names beyond the capacity, and for routes one for requests that matched no route. */
const RESERVED_BLOCKS = { route: 2, upstream: 1 };

/** Blocks for the events of all kinds of filters: the catalogue has far fewer. */
const EVENTS_MAX = 1_000;

/** Limits with series of their own; the others share one block. */
const LIMITS_MAX = 1_000;

/** Routes that had a canary since the start, and one block that later ones share. */
const CANARIES_MAX = 200;

/** Routes that had a mirror since the start; later ones share one block. */
const MIRRORS_MAX = 500;

/** Certificates with a date of their own; the others are shown in /health/ready only. */
const CERTIFICATES_MAX = 500;

/** As above, for files of revocation lists: a listener has one. */
const REVOCATION_LISTS_MAX = 100;

/** Cells from the slab's beginning to the next cache line: the system's allocator puts 16 bytes before a large piece of memory. */
const CELLS_OF_FIRST_LINE = 6;

/** The first cell, from this one on, at which a cache line begins. */
export function nextLine(cell: number): number {
  return Math.ceil((cell - CELLS_OF_FIRST_LINE) / CELLS_A_LINE) * CELLS_A_LINE + CELLS_OF_FIRST_LINE;
}

/** The blocks of the gateway and of the worker come first, so that their offsets depend on no setting. */
export function slabLayout(capacity: SlabCapacity): SlabLayout {
  let next = 0;
  const region = (kind: BlockKindName, blocks: number): SlabRegion => {
    const start = kind === 'route' ? nextLine(next) : next;
    next = start + blocks * blockKinds[kind].cellCount;
    return { start, blocks };
  };
  const regions = {
    gateway: region('gateway', 1),
    worker: region('worker', 1),
    build: region('build', 1),
    certificate: region('certificate', CERTIFICATES_MAX),
    revocationList: region('revocationList', REVOCATION_LISTS_MAX),
    event: region('event', EVENTS_MAX),
    limit: region('limit', LIMITS_MAX),
    consumer: region('consumer', capacity.consumersMax === 0 ? 0 : capacity.consumersMax + 1),
    canary: region('canary', CANARIES_MAX),
    mirror: region('mirror', MIRRORS_MAX),
    route: region('route', capacity.routesMax + RESERVED_BLOCKS.route),
    upstream: region('upstream', capacity.upstreamsMax + RESERVED_BLOCKS.upstream),
  };
  return { regions, cellCount: next };
}

/**
 * The cells of one worker. Only that worker writes them, with plain stores; the supervisor reads them. An aligned 64-bit load is never torn
 * on the machines that Node runs on, and a value that is a moment old does no harm. Pages that were never touched take no memory, so room
 * for many routes costs nothing until they are used.
 */
export class MetricSlab {
  /** For the worker thread, which makes its own `Float64Array` over it. */
  readonly memory: SharedArrayBuffer;
  readonly cells: Float64Array;
  private readonly layout: SlabLayout;

  constructor(layout: SlabLayout) {
    this.layout = layout;
    this.memory = new SharedArrayBuffer(layout.cellCount * Float64Array.BYTES_PER_ELEMENT);
    this.cells = new Float64Array(this.memory);
  }

  /** Called between two workers on this slab: the gauges of the dead one go to zero, counters stay. */
  resetGauges(): void {
    for (const kind of Object.values(blockKinds)) {
      const gauges = kind.families.filter(family => family.type === 'gauge').flatMap(family => family.series);
      const { start, blocks } = this.layout.regions[kind.name];
      for (let block = 0; block < blocks; block++) {
        const offset = start + block * kind.cellCount;
        // Reads before it writes: a store would make pages that were never used resident.
        for (const { at } of gauges) if (this.cells[offset + at] !== 0) this.cells[offset + at] = 0;
      }
    }
  }
}
