// A bounded map that forgets what was not used recently, in two generations: no list to keep in order, and a hit costs one look-up.

/** Holds between half of `sizeMax` and `sizeMax` entries once it is full. */
export class RecentMap<Value> {
  private readonly generationMax: number;
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  /** `sizeMax` of at least 2. */
  constructor(sizeMax: number) {
    this.generationMax = Math.max(1, sizeMax >> 1);
  }

  get(key: string): Value | undefined {
    const value = this.young.get(key);
    return value === undefined ? this.rescue(key) : value;
  }

  /** The key should be a text of its own: a piece of a larger one would keep that in memory. */
  set(key: string, value: Value): void {
    if (this.young.size >= this.generationMax && !this.young.has(key)) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, value);
  }

  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  clear(): void {
    this.young = new Map();
    this.old = new Map();
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  /** A used entry counts as new again. */
  private rescue(key: string): Value | undefined {
    const value = this.old.get(key);
    if (value === undefined) return undefined;
    this.old.delete(key);
    this.set(key, value);
    return value;
  }
}
