// A set of SHA-256 hashes of keys of which a worker knows one thing: that they were wrong, or that they were valid once. A fixed piece of
// memory, whatever callers try: a flood of wrong keys cannot make it grow.

const SETS = 2_048;
const WAYS = 4;
/** Compares 128 bits of the hash: nobody can find a valid and a wrong key that agree in them. */
const WORDS = 4;
const HEX_DIGITS_A_WORD = 8;

/** A set-associative table of hashes; new entries replace the oldest ones of their set. */
export class KeyHashSet {
  private readonly words = new Int32Array(SETS * WAYS * WORDS);
  /** Which entry of each set is replaced next. */
  private readonly next = new Uint8Array(SETS);
  private isEmpty = true;
  private readonly asked = new Int32Array(WORDS);

  /** `digest` is the SHA-256 in hexadecimal. */
  has(digest: string): boolean {
    if (this.isEmpty) return false;
    const set = this.read(digest);
    for (let way = 0; way < WAYS; way++) if (this.isAt((set * WAYS + way) * WORDS)) return true;
    return false;
  }

  add(digest: string): void {
    if (this.has(digest)) return;
    const set = this.read(digest);
    const way = this.next[set]!;
    this.words.set(this.asked, (set * WAYS + way) * WORDS);
    this.next[set] = (way + 1) % WAYS;
    this.isEmpty = false;
  }

  clear(): void {
    if (this.isEmpty) return;
    this.words.fill(0);
    this.isEmpty = true;
  }

  /** Puts the first 128 bits of the hash into `asked`, and returns the number of its set. */
  private read(digest: string): number {
    const { asked } = this;
    for (let word = 0, at = 0; word < WORDS; word++) {
      let value = 0;
      for (const end = at + HEX_DIGITS_A_WORD; at < end; at++) {
        const sign = digest.charCodeAt(at);
        // Because: letters have the bit 0x40, and the low four bits of `a` are 1; the low four bits of a digit are its value.
        value = (value << 4) | ((sign & 0xf) + (sign & 0x40 ? 9 : 0));
      }
      asked[word] = value;
    }
    return asked[0]! & (SETS - 1);
  }

  private isAt(start: number): boolean {
    const { words, asked } = this;
    for (let i = 0; i < WORDS; i++) if (words[start + i] !== asked[i]) return false;
    return true;
  }
}
