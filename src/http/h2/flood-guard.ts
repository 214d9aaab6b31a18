// Budgets for useless work that a peer may cause: stream resets, and frames without content. Has no clock: callers pass `now` in ms.

/** A token bucket: it refills at a steady rate up to `burst`, and the peer's actions spend from it. */
class Budget {
  private readonly burst: number;
  private readonly perMs: number;
  private left: number;
  private filledAt: number;

  constructor(burst: number, perSecond: number, now: number) {
    this.burst = burst;
    this.perMs = perSecond / 1000;
    this.left = burst;
    this.filledAt = now;
  }

  /** Spends `cost`. Returns false, and spends nothing, when not enough is left. */
  spend(cost: number, now: number): boolean {
    if (this.left < cost) {
      this.left = Math.min(this.burst, this.left + (now - this.filledAt) * this.perMs);
      this.filledAt = now;
      if (this.left < cost) return false;
    }
    this.left -= cost;
    return true;
  }

  earn(gain: number): void {
    this.left = Math.min(this.burst, this.left + gain);
  }
}

/** How many stream resets a connection may cause at once, and how many more each second. */
export interface FloodLimits {
  /** Counts streams that the peer resets, or that its errors make the gateway reset (CVE-2023-44487, CVE-2025-8671). */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
}

/** Budget for frames without use: PING, SETTINGS, PRIORITY, empty DATA, updates of closed streams, unknown types. */
const FRAME_BURST = 1000;
const FRAMES_PER_SECOND = 100;
/** How many bytes of a message earn the budget for one frame. */
const BYTES_PER_FRAME = 1024;
/** A SETTINGS frame costs more, since it is acknowledged and affects every stream. */
const SETTINGS_COST = 10;

export class FloodGuard {
  private readonly resets: Budget;
  private readonly frames: Budget;

  constructor(limits: FloodLimits, now: number) {
    this.resets = new Budget(limits.resetBurst, limits.resetsPerSecond, now);
    this.frames = new Budget(FRAME_BURST, FRAMES_PER_SECOND, now);
  }

  /** Counts one reset. Like the next two methods, returns false when the budget is spent and the connection should end. */
  reset(now: number): boolean {
    return this.resets.spend(1, now);
  }

  idleFrame(now: number): boolean {
    return this.frames.spend(1, now);
  }

  settings(now: number): boolean {
    return this.frames.spend(SETTINGS_COST, now);
  }

  /**
   * Notes useful traffic: a request, or bytes of a message. It earns budget for the frames that it causes: well-known peers send
   * WINDOW_UPDATE every 4 KiB, one for the stream and one for the connection.
   */
  useful(bytes = 0): void {
    this.frames.earn(2 + bytes / BYTES_PER_FRAME);
  }
}
