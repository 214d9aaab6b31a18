// A map with numbers as keys, bounded in bytes, that forgets entries not used recently. It consists of two halves. For values that are
// looked up by a text: with the text itself as key, every look-up would hash all of it and put it into the engine's table of names.

/** `bytes` is the approximate size of the value in memory. */
export interface Sized {
  readonly bytes: number;
}

/** Keyed by a hash of the text. Two values with the same number displace each other, so callers must compare the text as well. */
export class RecentByNumber<Value extends Sized> {
  private readonly halfBytes: number;
  private recent = new Map<number, Value>();
  private recentBytes = 0;
  /** The entries from before the recent half was started. Those that are not used by the time the recent half is full are forgotten. */
  private older = new Map<number, Value>();

  /** `bytesMax` limits both halves together. */
  constructor(bytesMax: number) {
    this.halfBytes = bytesMax / 2;
  }

  get(number: number): Value | undefined {
    const value = this.recent.get(number);
    return value === undefined && this.older.size > 0 ? this.rescue(number) : value;
  }

  /** Does nothing when the value is larger than one half. */
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

  /** Moves an entry that is used again into the recent half. */
  private rescue(number: number): Value | undefined {
    const value = this.older.get(number);
    if (value !== undefined) this.set(number, value);
    return value;
  }
}
