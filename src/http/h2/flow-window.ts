// Flow-control windows (RFC 9113 sections 5.2 and 6.9) of a stream or a connection: how many bytes of DATA may be sent and received.

/** Initial window of streams and of the connection, in bytes, until a peer changes it. */
export const WINDOW_DEFAULT = 65_535;
export const WINDOW_MAX = 0x7fffffff;

/** How many bytes of DATA the gateway may send. A changed initial window can make a stream's value negative. */
export class SendWindow {
  available: number;

  constructor(available: number) {
    this.available = available;
  }

  /** Applies a WINDOW_UPDATE or a change of the initial size, which may be negative. Returns false when the window exceeds WINDOW_MAX. */
  grow(increment: number): boolean {
    this.available += increment;
    return this.available <= WINDOW_MAX;
  }
}

/** How many bytes of DATA the peer may send, and how many of the bytes received have not been given back to it yet. */
export class ReceiveWindow {
  private size: number;
  private available: number;
  /** Bytes that were consumed but not announced to the peer as free again. */
  private used: number;

  constructor(size: number, available = size) {
    this.size = size;
    this.available = available;
    this.used = 0;
  }

  /** Counts the payload of a DATA frame, padding included. Returns false when it exceeds the window. */
  take(length: number): boolean {
    this.available -= length;
    return this.available >= 0;
  }

  /** Notes that `length` bytes were consumed. Returns the increment to announce: 0 until half the window is consumed. */
  release(length: number): number {
    this.used += length;
    if (this.used * 2 < this.size) return 0;
    return this.giveBack();
  }

  /** Doubles the window, up to `max` bytes. Returns the bytes gained, to be added to the increment that `release` returned. */
  widen(max: number): number {
    const added = Math.min(this.size, max - this.size);
    this.size += added;
    this.available += added;
    return added;
  }

  /** Gives back all consumed bytes, and returns the increment to announce. */
  giveBack(): number {
    const increment = this.used;
    this.used = 0;
    this.available += increment;
    return increment;
  }
}
