// The streams of one connection by id: a hash table of chained entries, so that finding, adding and removing allocate nothing.

/** The fields of an entry that the table uses. */
export interface Chained<Entry> {
  readonly id: number;
  chainNext: Entry | null;
}

const BUCKETS = 64;

export class StreamTable<Entry extends Chained<Entry>> {
  private readonly buckets: (Entry | null)[];
  size: number;

  constructor() {
    this.buckets = new Array<Entry | null>(BUCKETS).fill(null);
    this.size = 0;
  }

  find(id: number): Entry | null {
    let entry = this.buckets[(id >> 1) & (BUCKETS - 1)]!;
    while (entry !== null && entry.id !== id) entry = entry.chainNext!;
    return entry;
  }

  add(entry: Entry): void {
    const bucket = (entry.id >> 1) & (BUCKETS - 1);
    entry.chainNext = this.buckets[bucket]!;
    this.buckets[bucket] = entry;
    this.size++;
  }

  remove(entry: Entry): void {
    const bucket = (entry.id >> 1) & (BUCKETS - 1);
    let before: Entry | null = null;
    for (let each = this.buckets[bucket]!; each !== null; each = each.chainNext!) {
      if (each === entry) {
        if (before === null) this.buckets[bucket] = entry.chainNext;
        else before.chainNext = entry.chainNext;
        entry.chainNext = null;
        this.size--;
        return;
      }
      before = each;
    }
  }

  /** A copy of all entries, which can be iterated while entries are added and removed. */
  list(): Entry[] {
    const all: Entry[] = [];
    for (let entry of this.buckets) for (; entry !== null; entry = entry.chainNext) all.push(entry);
    return all;
  }
}
