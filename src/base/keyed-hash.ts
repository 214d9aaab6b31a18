// A keyed 64-bit hash over text and numbers, for tables whose keys strangers choose: without the key nobody can find two that
// collide. Fast and without allocation; not for signatures or passwords.

/**
 * HalfSipHash-1-3 with a 64-bit result (Aumasson and Bernstein; the variant that Linux calls `hsiphash`), fed in pieces. One
 * object serves a whole thread: `begin`, pieces, `end`, then read `low` and `high`. Each piece is closed by its length, so
 * `a` + `bc` and `ab` + `c` differ.
 */
export class KeyedHash {
  /** The result, 32 bits each as signed integers. */
  low = 0;
  high = 0;
  private v0 = 0;
  private v1 = 0;
  private v2 = 0;
  private v3 = 0;

  /** Starts over with a key of 64 bits. */
  begin(keyLow: number, keyHigh: number): void {
    this.v0 = keyLow;
    this.v1 = keyHigh ^ 0xee;
    this.v2 = 0x6c796765 ^ keyLow;
    this.v3 = 0x74656462 ^ keyHigh;
  }

  /** 32 bits. */
  number(value: number): void {
    this.v3 ^= value;
    this.round();
    this.v0 ^= value;
  }

  /** Four letters to a block where all are below 256, as everything from HTTP is; any text else, two to a block. */
  text(text: string): void {
    const { length } = text;
    let { v0, v1, v2, v3 } = this;
    const wide = isWide(text);
    const letters = wide ? 2 : 4;
    const bits = wide ? 16 : 8;
    for (let at = 0; at < length; at += letters) {
      let block = text.charCodeAt(at);
      const end = Math.min(at + letters, length);
      for (let i = at + 1, shift = bits; i < end; i++, shift += bits) block |= text.charCodeAt(i) << shift;
      v3 ^= block;
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= block;
    }
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
    this.number((length << 1) | (wide ? 1 : 0));
  }

  /** Closes the hash. */
  end(): void {
    this.v2 ^= 0xee;
    this.round();
    this.round();
    this.round();
    this.low = this.v1 ^ this.v3;
    this.v1 ^= 0xdd;
    this.round();
    this.round();
    this.round();
    this.high = this.v1 ^ this.v3;
  }

  private round(): void {
    let { v0, v1, v2, v3 } = this;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    this.v0 = v0;
    this.v1 = v1;
    this.v2 = v2;
    this.v3 = v3;
  }
}

function isWide(text: string): boolean {
  let seen = 0;
  for (let i = 0; i < text.length; i++) seen |= text.charCodeAt(i);
  return seen > 0xff;
}
