// Watches the load of a worker (event loop, memory, requests in progress) and refuses some requests so that the others are served. How many
// requests are refused is decided in shed-level.ts.

import { getHeapStatistics } from 'node:v8';
import { memoryLimit } from '../../base/memory-limit.ts';
import { residentBytes } from '../../base/resident-bytes.ts';
import { inFlightOfAll, type StateBlock } from '../../upstream/state/shared-states.ts';
import { PRIORITIES, ShedLevel } from './shed-level.ts';

/** See `SheddingConfig` in src/config/admission-config.ts, to which this is structurally equal. */
export interface SheddingSpec {
  readonly enabled: boolean;
  readonly eventLoopDelayMs: number;
  /** Limit of the memory in use, as a share of a worker's heap or of what the process may take, 0 to 1; 0 is no limit. */
  readonly memory: number;
  readonly inFlightMax: number;
}

export interface ShedderParts {
  /** Requests in progress on this worker. */
  readonly ownInFlight: () => number;
  /** Shared cells with the requests in progress on each worker of the gateway. Null if there is one worker. */
  readonly block: StateBlock | null;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  /** Gets the share that is refused, for the metrics. */
  readonly onShare: (share: number) => void;
}

const PERIOD_MS = 100;
/** The lowest priority is refused when this share of `inFlightMax` is used; the highest priority when all of it is. */
const LOWEST_USES = 0.55;
const MEMORY_EVERY = 10;

export class Shedder {
  /** False: nothing else of this object is called, so that it costs nothing. */
  enabled: boolean;
  /** Whether other workers are told the requests in progress: then `ended` must be called after each exchange. */
  sharesInFlight: boolean;
  private readonly parts: ShedderParts;
  private readonly level: ShedLevel;
  private spec: SheddingSpec | null;
  private timer: NodeJS.Timeout | null;
  private expectedAt: number;
  private lateBefore: number;
  private memoryPressure: number;
  private periods: number;
  private sheds: boolean;

  constructor(parts: ShedderParts) {
    this.enabled = false;
    this.sharesInFlight = false;
    this.parts = parts;
    this.level = new ShedLevel();
    this.spec = null;
    this.timer = null;
    this.expectedAt = 0;
    this.lateBefore = 0;
    this.memoryPressure = 0;
    this.periods = 0;
    this.sheds = false;
  }

  /** Sets the limits that apply from now on; null for none. */
  become(spec: SheddingSpec | null): void {
    this.spec = spec;
    this.enabled = spec?.enabled === true;
    this.sharesInFlight = this.enabled && spec!.inFlightMax !== 0 && this.parts.block !== null;
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    if (!this.enabled) {
      this.level.reset();
      this.tell('');
      return;
    }
    // Because: this measures how late the loop is, which the timer wheel hides.
    this.expectedAt = performance.now() + PERIOD_MS;
    // Because: as above; ten times a second per worker.
    this.timer = setInterval(() => this.look(), PERIOD_MS).unref();
  }

  /** Whether a request of this priority is let in. Call it only while `enabled`. */
  admits(priority: number): boolean {
    const { inFlightMax } = this.spec!;
    if (inFlightMax !== 0) {
      const room = LOWEST_USES + ((1 - LOWEST_USES) * priority) / (PRIORITIES - 1);
      if (this.inFlight() > inFlightMax * room) return false;
    }
    return this.level.admits(priority);
  }

  /** One exchange on this worker has ended. */
  ended(): void {
    const block = this.parts.block!;
    block.words[block.ownInFlightAt] = this.parts.ownInFlight();
  }

  /** Requests in progress in the whole gateway, including the current one. */
  private inFlight(): number {
    const own = this.parts.ownInFlight();
    const { block } = this.parts;
    if (block === null) return own;
    block.words[block.ownInFlightAt] = own;
    return inFlightOfAll(block);
  }

  private look(): void {
    const spec = this.spec!;
    // Because: as in `become`.
    const now = performance.now();
    const late = Math.max(0, now - this.expectedAt);
    this.expectedAt = now + PERIOD_MS;
    // Being late once may be garbage collection, or a configuration being read; being late twice in a row is overload.
    const delay = Math.min(late, this.lateBefore);
    this.lateBefore = late;
    if (this.periods++ % MEMORY_EVERY === 0) this.memoryPressure = spec.memory === 0 ? 0 : memoryInUse() / spec.memory;
    const delayPressure = spec.eventLoopDelayMs === 0 ? 0 : delay / spec.eventLoopDelayMs;
    this.level.step(Math.max(delayPressure, this.memoryPressure));
    this.tell(delayPressure > this.memoryPressure ? 'event loop delay' : 'memory');
  }

  private tell(reason: string): void {
    const { share } = this.level;
    this.parts.onShare(share);
    if (share > 0 === this.sheds) return;
    this.sheds = share > 0;
    if (this.sheds) this.parts.log('warn', `the gateway sheds load: ${reason}`);
    else this.parts.log('info', 'the gateway sheds no load any more');
  }
}

/** The larger of two shares: of this thread's heap limit, and of the memory that the process may have. */
function memoryInUse(): number {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return Math.max(used_heap_size / heap_size_limit, residentBytes() / memoryLimit());
}
