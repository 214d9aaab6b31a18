// How many connections one worker may have to one endpoint, counted over several pools that replace one another or are used side by side.

/** The pools that share the seats. */
export interface SeatSharers {
  /**
   * `holder` gave a seat back, or has an idle connection while no seat is free: requests that wait in the other pools may get a seat now.
   */
  onFreed(holder: object): void;
  /** `holder` needs a seat and none is free: another pool may close an idle connection. */
  onWanted(holder: object): void;
}

export class ConnectionSeats {
  /** 0 for no limit. */
  private readonly max: number;
  /** Null when a single pool has all the seats. */
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

  /** Whether this pool may open a connection. When no seat is free, asks the other pools to close an idle connection first. */
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

  /** Tells the other pools that this pool has an idle connection, whose seat they may want. */
  noteRest(holder: object): void {
    if (this.sharers !== null && this.isFull) this.sharers.onFreed(holder);
  }
}
