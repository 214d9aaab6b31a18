// A map with numbers as keys that is bounded in bytes and forgets what was not used recently, in two halves. For values that are looked up by a
// text: with the text itself as key, every look-up would hash all of it and put it into the engine's table of names.

/** `bytes` is what it takes in memory, closely enough. */
export interface Sized {
  readonly bytes: number;
}

/** Two values with the same number displace each other: callers compare the text as well. */
export class RecentByNumber<Value extends Sized> {
  private readonly halfBytes: number;
  private recent = new Map<number, Value>();
  private recentBytes = 0;
  /** Entries from before the recent half was begun; those that are not used until it is full are forgotten. */
  private older = new Map<number, Value>();

  constructor(bytesMax: number) {
    this.halfBytes = bytesMax / 2;
  }

  get(number: number): Value | undefined {
    const value = this.recent.get(number);
    return value === undefined && this.older.size > 0 ? this.rescue(number) : value;
  }

  /** What would fill more than half of it is not kept. */
  set(number: number, value: Value): void {
    const { bytes } = value;
    if (bytes > this.halfBytes) return;
    if (this.recentBytes + bytes > this.halfBytes) {
      this.older = this.recent;
      this.recent = new Map();
      this.recentBytes = 0;
    }
    if (this.older.size > 0) this.older.delete(number);
    this.recentBytes += bytes - (this.recent.get(number)?.bytes ?? 0);
    this.recent.set(number, value);
  }

  delete(number: number): void {
    this.recentBytes -= this.recent.get(number)?.bytes ?? 0;
    this.recent.delete(number);
    this.older.delete(number);
  }

  clear(): void {
    this.recent = new Map();
    this.recentBytes = 0;
    this.older = new Map();
  }

  get size(): number {
    return this.recent.size + this.older.size;
  }

  /** A used entry is recent again. */
  private rescue(number: number): Value | undefined {
    const value = this.older.get(number);
    if (value !== undefined) this.set(number, value);
    return value;
  }
}
