// Keys of which a worker knows one thing, that they were wrong or that they were right once, by their SHA-256. A fixed piece of memory,
// whatever is tried: a flood leaves nothing behind.

const SETS = 2_048;
const WAYS = 4;
/** 128 bits of the hash: nobody finds a right key and a wrong one that agree in them. */
const WORDS = 4;
const HEX_DIGITS_A_WORD = 8;

export class KeyPrints {
  private readonly words = new Int32Array(SETS * WAYS * WORDS);
  /** Which of a set is replaced next. */
  private readonly next = new Uint8Array(SETS);
  private isEmpty = true;
  private readonly asked = new Int32Array(WORDS);

  /** `digest` in hexadecimal. */
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

  /** Puts the hash into `asked`, and answers its set. */
  private read(digest: string): number {
    const { asked } = this;
    for (let word = 0, at = 0; word < WORDS; word++) {
      let value = 0;
      for (const end = at + HEX_DIGITS_A_WORD; at < end; at++) {
        const sign = digest.charCodeAt(at);
        // Because: letters have the bit 0x40 and begin with 1, digits end in their value.
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
