// Flow control (RFC 9113 sections 5.2 and 6.9): how much may be sent and received, for a stream or a connection.

/** Windows of streams and connection before anybody changes them. */
export const WINDOW_DEFAULT = 65_535;
export const WINDOW_MAX = 0x7fffffff;

/** How many bytes of DATA we may send. A changed setting can make a stream's negative. */
export class SendWindow {
  available: number;

  constructor(available: number) {
    this.available = available;
  }

  /** WINDOW_UPDATE, or a change of the initial size (may be negative). False when it grows beyond what is allowed. */
  grow(increment: number): boolean {
    this.available += increment;
    return this.available <= WINDOW_MAX;
  }
}

/** How many bytes of DATA the peer may send us, and what of them we have not given back yet. */
export class ReceiveWindow {
  private size: number;
  private available: number;
  /** Bytes that are used and not given back. */
  private used: number;

  constructor(size: number, available = size) {
    this.size = size;
    this.available = available;
    this.used = 0;
  }

  /** Takes the payload of a DATA frame, padding included. False when the peer had no right to send it. */
  take(length: number): boolean {
    this.available -= length;
    return this.available >= 0;
  }

  /** Notes that bytes need no room any more. Returns the increment to announce, 0 while it is not worth a frame. */
  release(length: number): number {
    this.used += length;
    if (this.used * 2 < this.size) return 0;
    return this.giveBack();
  }

  /** Makes it twice as large, at most `max`. Returns what that adds to the increment that `release` gave. */
  widen(max: number): number {
    const added = Math.min(this.size, max - this.size);
    this.size += added;
    this.available += added;
    return added;
  }

  /** The increment for all that is used. */
  giveBack(): number {
    const increment = this.used;
    this.used = 0;
    this.available += increment;
    return increment;
  }
}
