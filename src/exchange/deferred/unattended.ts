// The responses that this worker awaits for deferred requests. Tells the store regularly that the worker waits; a drain waits for them.

import { type Timed, UNSCHEDULED } from '../../base/timer-wheel.ts';
import type { ThreadIo } from '../../net/io.ts';

/** One awaited response. */
export interface Awaited {
  /** Records in the store, for clients that ask for the response, that a worker still waits for it. */
  renew(): void;
}

const RENEW_EVERY_MS = 3_000;

export class Unattended implements Timed {
  deadline: number;
  wheelSlot: number;
  wheelNext: Timed | null;
  wheelPrevious: Timed | null;
  private readonly io: ThreadIo;
  private readonly awaited: Set<Awaited>;
  private onNone: (() => void) | null;
  private leaving: boolean;

  constructor(io: ThreadIo) {
    this.deadline = Infinity;
    this.wheelSlot = UNSCHEDULED;
    this.wheelNext = null;
    this.wheelPrevious = null;
    this.io = io;
    this.awaited = new Set();
    this.onNone = null;
    this.leaving = false;
  }

  get size(): number {
    return this.awaited.size;
  }

  /** True once draining began: no more requests are deferred, since this worker will not be there to await their responses. */
  get closed(): boolean {
    return this.leaving;
  }

  add(awaited: Awaited): void {
    if (this.awaited.size === 0) this.io.wheel.schedule(this, this.io.clock.now + RENEW_EVERY_MS);
    this.awaited.add(awaited);
  }

  delete(awaited: Awaited): void {
    this.awaited.delete(awaited);
    if (this.awaited.size > 0) return;
    this.io.wheel.cancel(this);
    this.onNone?.();
  }

  /** Defers no more requests. Resolves when no response is awaited any more or the time is up, with the number of responses given up. */
  async drain(timeoutMs: number): Promise<number> {
    this.leaving = true;
    if (this.awaited.size === 0) return 0;
    await new Promise<void>(resolve => {
      // Because: draining happens once in a worker's life.
      const timer = setTimeout(resolve, timeoutMs);
      this.onNone = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    return this.awaited.size;
  }

  onDeadline(now: number): void {
    for (const awaited of this.awaited) awaited.renew();
    if (this.awaited.size > 0) this.io.wheel.schedule(this, now + RENEW_EVERY_MS);
  }
}
