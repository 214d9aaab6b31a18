// How many connections one worker may have to one endpoint, counted over pools that follow one another.

export class ConnectionSeats {
  /** 0 for no limit. */
  private readonly max: number;
  private readonly onFreed: ((holder: object) => void) | null;
  private taken: number;

  /** `onFreed` hears who gave a seat back. */
  constructor(max: number, onFreed: ((holder: object) => void) | null = null) {
    this.max = max;
    this.onFreed = onFreed;
    this.taken = 0;
  }

  get isFull(): boolean {
    return this.max !== 0 && this.taken >= this.max;
  }

  take(): void {
    this.taken++;
  }

  giveBack(holder: object): void {
    this.taken--;
    this.onFreed?.(holder);
  }
}
