// The bodies that this thread holds because routes match on a field of them: what they take together, and who gives way beyond a bound.
// Reads no body.

import type { Exchange } from './exchange.ts';

/** What all of them may take, in bytes, and how many of the largest size in any case. */
const BYTES_MAX = 64 * 1_024 * 1_024;
const LARGEST_MIN = 4;
/** What a piece takes beside its bytes: a body may come in pieces of one byte. */
const PIECE_BYTES = 128;

export class GatheredBodies<Owner> {
  /** Bytes by owner, the one that began first at the front. */
  private readonly byOwner = new Map<Owner, number>();
  private bytes = 0;

  /** A piece of a body has come; `largest` is the size of the largest that is held. `giveUp` refuses the request whose body has to go. */
  grow(owner: Owner, count: number, largest: number, giveUp: (oldest: Owner) => void): void {
    const { byOwner } = this;
    const cost = count + PIECE_BYTES;
    byOwner.set(owner, (byOwner.get(owner) ?? 0) + cost);
    this.bytes += cost;
    const bytesMax = Math.max(BYTES_MAX, LARGEST_MIN * largest);
    for (const oldest of byOwner.keys()) {
      if (this.bytes <= bytesMax) return;
      // Because: an honest body is complete within moments. Clients that send theirs slowly would otherwise keep all others out, or take as
      // much memory as they have connections and streams.
      this.leave(oldest);
      giveUp(oldest);
    }
  }

  /** The body is complete, or its request is over. */
  leave(owner: Owner): void {
    this.bytes -= this.byOwner.get(owner) ?? 0;
    this.byOwner.delete(owner);
  }
}

/** Those of this thread. */
export const gatheredBodies = new GatheredBodies<Exchange>();
