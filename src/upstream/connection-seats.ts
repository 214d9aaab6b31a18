// How many connections one worker may have to one endpoint, counted over pools that follow one another or stand side by side.

/** The pools that share the seats. */
export interface SeatSharers {
  /** This one gave a seat back, or has a connection at rest while no seat is free: the others may have requests that wait for one. */
  onFreed(holder: object): void;
  /** This one needs a seat and none is free: another may give up a connection at rest. */
  onWanted(holder: object): void;
}

export class ConnectionSeats {
  /** 0 for no limit. */
  private readonly max: number;
  /** Null where one pool has them all. */
  private readonly sharers: SeatSharers | null;
  private taken: number;

  constructor(max: number, sharers: SeatSharers | null = null) {
    this.max = max;
    this.sharers = sharers;
    this.taken = 0;
  }

  get isFull(): boolean {
    return this.max !== 0 && this.taken >= this.max;
  }

  /** Whether this pool may open a connection; what rests in another makes room for it. */
  hasRoomFor(holder: object): boolean {
    if (this.isFull) this.sharers?.onWanted(holder);
    return !this.isFull;
  }

  take(): void {
    this.taken++;
  }

  giveBack(holder: object): void {
    this.taken--;
    this.sharers?.onFreed(holder);
  }

  /** A connection of this pool is at rest. */
  noteRest(holder: object): void {
    if (this.sharers !== null && this.isFull) this.sharers.onFreed(holder);
  }
}
