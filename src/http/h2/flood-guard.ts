// Budgets for useless work that a peer may cause: resets of streams, and frames without content. Has no clock of its own.

/** A bucket that fills at a steady rate and is emptied by what the peer does. */
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

  /** False when there is not enough left. */
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
    if (this.left < this.burst) this.left += gain;
  }
}

/** What a connection may do at once, and what it earns a second. */
export interface FloodLimits {
  /** Streams that the peer resets, or makes us reset by what it does wrong (CVE-2023-44487, CVE-2025-8671). */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
}

/** Frames without use: PING, SETTINGS, PRIORITY, empty DATA, updates of closed streams, unknown types. */
const FRAME_BURST = 1000;
const FRAMES_PER_SECOND = 100;
/** Bytes of a message that pay for a frame. */
const BYTES_PER_FRAME = 1024;
/** SETTINGS are answered and touch every stream. */
const SETTINGS_COST = 10;

export class FloodGuard {
  private readonly resets: Budget;
  private readonly frames: Budget;

  constructor(limits: FloodLimits, now: number) {
    this.resets = new Budget(limits.resetBurst, limits.resetsPerSecond, now);
    this.frames = new Budget(FRAME_BURST, FRAMES_PER_SECOND, now);
  }

  /** Each returns whether the peer may continue. */
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
   * Something useful went to and fro: a request, or bytes of a message. It pays for the frames that come of it: peers of note give room
   * back every 4 KiB, for stream and connection.
   */
  useful(bytes = 0): void {
    this.frames.earn(2 + bytes / BYTES_PER_FRAME);
  }
}
