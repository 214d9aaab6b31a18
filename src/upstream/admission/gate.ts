// Limits how many requests of a route or to an upstream may be under way, on all workers together, and queues those that wait for room.
// First come, first served on each worker; each wait ends in time. Knows nothing of a waiter but the `GateWaiter` interface.

import type { TimerWheel } from '../../base/timer-wheel.ts';
import { type Timed, UNSCHEDULED } from '../../base/timer-wheel.ts';
import type { StateBlock } from '../state/shared-states.ts';
import { StateCell, TimeCell } from '../state/state-cells.ts';
import { AdaptiveLimit, type AdaptiveSpec } from './adaptive-limit.ts';

/** See `ConcurrencyConfig` in src/config/admission-config.ts, to which this is structurally equal. */
export interface GateSpec {
  /** 0 when `adaptive` determines the limit. */
  readonly limit: number;
  readonly adaptive: AdaptiveSpec | null;
  /** Requests that may wait, on all workers together; each worker has an equal share of the places. */
  readonly queueMax: number;
  readonly queueTimeoutMs: number;
}

/** Something that waits at a gate. */
export interface GateWaiter {
  /** The gate at which it waits; null once it no longer waits, and the gate then skips it. */
  waitsAt: Gate | null;
  /** When it began to wait, in milliseconds of the thread's own clock. */
  waitsSince: number;
  onAdmitted(): void;
  onNotAdmitted(): void;
}

export interface GateContext {
  readonly wheel: TimerWheel;
  readonly clock: { readonly now: number };
  /** Shared milliseconds, for the adaptive limit. */
  sharedNow(): number;
  /** Runs what another thread has woken, as an event of this thread. */
  wake(run: () => void): void;
}

/** Results of `enter`. */
export const Entry = { admitted: 0, waits: 1, refused: 2 } as const;

/** One release in this many is passed to another worker with waiters, even when this worker has waiters as well. */
const PASS_ON_EVERY = 8;
/** How often waiters look for room in case a wake-up from another worker does not come. */
const LOOK_EVERY_MS = 25;
/** A wait for a wake-up ends by itself after this time, so that a gate of an old configuration can be collected. */
const WAKE_WAIT_MS = 1_000;

export class Gate implements Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  private spec: GateSpec;
  private adaptive: AdaptiveLimit | null;
  private readonly block: StateBlock;
  private readonly context: GateContext;
  private readonly words: Int32Array;
  private readonly ownAt: number;
  private readonly firstAt: number;
  private readonly endAt: number;
  private readonly wakeAt: number;
  private readonly waitersAt: number;
  private readonly ownBit: number;
  private readonly places: number;
  private readonly queue: GateWaiter[];
  private first: number;
  private waiting: number;
  private releases: number;
  private listening: boolean;
  /** True while waiters are admitted: a request that leaves meanwhile leaves its room to that loop. */
  private handing: boolean;

  constructor(spec: GateSpec, block: StateBlock, context: GateContext) {
    const { words, at, workers, times, timesAt, ownInFlightAt } = block;
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.spec = spec;
    this.block = block;
    this.context = context;
    this.words = words;
    this.firstAt = at + StateCell.inFlight;
    this.endAt = this.firstAt + workers;
    this.ownAt = ownInFlightAt;
    this.wakeAt = at + StateCell.gateWake;
    this.waitersAt = at + StateCell.gateWaiters;
    this.ownBit = 1 << ((ownInFlightAt - this.firstAt) & 31);
    this.adaptive =
      spec.adaptive === null
        ? null
        : new AdaptiveLimit(spec.adaptive, words, at + StateCell.gateLimit, times, timesAt + TimeCell.gateLimit);
    this.places = Math.ceil(spec.queueMax / workers);
    this.queue = [];
    this.first = 0;
    this.waiting = 0;
    this.releases = 0;
    this.listening = false;
    this.handing = false;
  }

  get limit(): number {
    return this.adaptive === null ? this.spec.limit : this.adaptive.limit;
  }

  /** Requests that were admitted and have not left, on all workers together. */
  get inFlight(): number {
    const { words, endAt } = this;
    let sum = 0;
    for (let at = this.firstAt; at < endAt; at++) sum += words[at]!;
    return sum;
  }

  /** Requests that wait on this worker. */
  get queued(): number {
    return this.waiting;
  }

  /**
   * After `Entry.admitted` the caller calls `leave` once. After `Entry.waits` the waiter is called when it is admitted or its wait ends,
   * unless it is forgotten first.
   */
  enter(waiter: GateWaiter): number {
    // A new request does not overtake those that wait.
    if (this.waiting === 0) {
      if (this.take()) return Entry.admitted;
      if (this.places === 0) return Entry.refused;
      Atomics.or(this.words, this.waitersAt, this.ownBit);
      // Room may have become free before other workers could see that a request waits here.
      if (this.take()) {
        Atomics.and(this.words, this.waitersAt, ~this.ownBit);
        return Entry.admitted;
      }
      this.listen();
      this.context.wheel.schedule(this, this.context.clock.now + LOOK_EVERY_MS);
    } else if (this.waiting >= this.places) return Entry.refused;
    waiter.waitsAt = this;
    waiter.waitsSince = this.context.clock.now;
    this.queue.push(waiter);
    this.waiting++;
    return Entry.waits;
  }

  /**
   * An admitted request is over. `latencyMs`, the time to the first byte of the response, counts for the adaptive limit; negative when
   * there was no response.
   */
  leave(latencyMs: number, failed: boolean): void {
    if (this.adaptive !== null) {
      if (failed) this.adaptive.failed(this.context.sharedNow());
      else if (latencyMs >= 0) this.adaptive.answered(latencyMs, this.inFlight, this.context.sharedNow());
    }
    Atomics.sub(this.words, this.ownAt, 1);
    if (this.handing) return;
    const others = Atomics.load(this.words, this.waitersAt) & ~this.ownBit;
    if (others !== 0 && (this.waiting === 0 || ++this.releases % PASS_ON_EVERY === 0)) {
      this.wakeOthers();
      return;
    }
    if (this.waiting > 0) this.handOver();
  }

  /**
   * Another configuration took over. Requests that still wait here follow the limit of `next`; without such a gate (null) they are admitted
   * without limit. They wait as long as they might when they came.
   */
  adoptLimitOf(next: Gate | null): void {
    const limit = next === null ? Number.POSITIVE_INFINITY : next.spec.limit;
    this.spec = { ...this.spec, limit };
    this.adaptive = next === null ? null : next.adaptive;
    if (this.waiting > 0) this.handOver();
  }

  /** Removes a waiter that gives up. */
  forget(waiter: GateWaiter): void {
    if (waiter.waitsAt !== this) return;
    waiter.waitsAt = null;
    this.oneLess();
  }

  /** Called by the timer wheel: ends waits that took too long, and looks for room. */
  onDeadline(now: number): void {
    const { queue, spec } = this;
    while (this.first < queue.length) {
      const waiter = queue[this.first]!;
      if (waiter.waitsAt === this) {
        if (now - waiter.waitsSince < spec.queueTimeoutMs) break;
        waiter.waitsAt = null;
        this.advance();
        this.oneLess();
        waiter.onNotAdmitted();
      } else this.advance();
    }
    if (this.waiting === 0) return;
    this.handOver();
    if (this.waiting > 0) this.context.wheel.schedule(this, now + LOOK_EVERY_MS);
  }

  /** Takes room if there is some. Never admits more than the limit; of two workers that try at once, both may find the gate full. */
  private take(): boolean {
    const { limit } = this;
    if (this.inFlight >= limit) return false;
    Atomics.add(this.words, this.ownAt, 1);
    if (this.inFlight <= limit) return true;
    Atomics.sub(this.words, this.ownAt, 1);
    return false;
  }

  private handOver(): void {
    this.handing = true;
    while (this.waiting > 0 && this.take()) {
      const waiter = this.next();
      if (waiter === undefined) {
        Atomics.sub(this.words, this.ownAt, 1);
        break;
      }
      waiter.waitsAt = null;
      this.oneLess();
      waiter.onAdmitted();
    }
    this.handing = false;
  }

  private next(): GateWaiter | undefined {
    while (this.first < this.queue.length) {
      const waiter = this.queue[this.first]!;
      this.advance();
      if (waiter.waitsAt === this) return waiter;
    }
    return undefined;
  }

  /** Moves past the first entry; the entries before it are cut off once they are more than half of the array. */
  private advance(): void {
    this.first++;
    if (this.first * 2 <= this.queue.length) return;
    this.queue.splice(0, this.first);
    this.first = 0;
  }

  private oneLess(): void {
    if (--this.waiting > 0) return;
    this.queue.length = 0;
    this.first = 0;
    Atomics.and(this.words, this.waitersAt, ~this.ownBit);
  }

  private wakeOthers(): void {
    Atomics.add(this.words, this.wakeAt, 1);
    Atomics.notify(this.words, this.wakeAt, 1);
  }

  private listen(): void {
    if (this.listening || this.block.workers === 1) return;
    const { words, wakeAt } = this;
    const { async: waits, value } = Atomics.waitAsync(words, wakeAt, Atomics.load(words, wakeAt), WAKE_WAIT_MS);
    if (!waits) return;
    this.listening = true;
    void value.then(() => {
      this.listening = false;
      if (this.waiting === 0) return;
      this.context.wake(() => this.handOver());
      if (this.waiting > 0) this.listen();
    });
  }
}
