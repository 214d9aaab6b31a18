// A bounded map that forgets entries not used recently. Two generations instead of an ordered list, so a hit costs one look-up.

/** Once full, holds between half of `sizeMax` and `sizeMax` entries. */
export class RecentMap<Value> {
  private readonly generationMax: number;
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();

  /** `sizeMax` is at least 2. */
  constructor(sizeMax: number) {
    this.generationMax = Math.max(1, sizeMax >> 1);
  }

  get(key: string): Value | undefined {
    const value = this.young.get(key);
    return value === undefined ? this.rescue(key) : value;
  }

  /** Pass a key that owns its memory: a slice of a larger string would keep that string in memory. */
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

  /** Moves an entry that is used again into the young generation. */
  private rescue(key: string): Value | undefined {
    const value = this.old.get(key);
    if (value === undefined) return undefined;
    this.old.delete(key);
    this.set(key, value);
    return value;
  }
}
