// A keyed 64-bit hash over text and numbers, for tables whose keys come from clients: without the secret nobody can find two keys that
// collide. Fast and without allocation; not for signatures or passwords.

import { letterAt } from './letter-at.ts';

/**
 * HalfSipHash-1-3 with a 64-bit result (Aumasson and Bernstein). One object serves a whole thread: call `text` or `words`, then read `low`
 * and `high`. A value of several parts is hashed part by part, with the result of each part as the key of the next, so that `a` + `bc` and
 * `ab` + `c` differ.
 */
export class KeyedHash {
  /** The result: two signed 32-bit integers. */
  low = 0;
  high = 0;

  /** Hashes a text: four characters per block when all are below 256, as everything from HTTP is; otherwise two per block. */
  text(keyLow: number, keyHigh: number, text: string): void {
    const { length } = text;
    // Because: having all rounds in one function keeps the state in registers, which is most of the speed.
    let v0 = keyLow;
    let v1 = keyHigh ^ 0xee;
    let v2 = 0x6c796765 ^ keyLow;
    let v3 = 0x74656462 ^ keyHigh;
    let letters = 0;
    const whole = length & ~3;
    // All whole blocks, then a last block of the remaining characters, with the length in its highest byte.
    for (let at = 0; at <= whole; at += 4) {
      let block = length << 24;
      if (at < whole) {
        const second = letterAt(text, at + 1);
        const third = letterAt(text, at + 2);
        const fourth = letterAt(text, at + 3);
        block = letterAt(text, at);
        letters |= block | second | third | fourth;
        block |= (second << 8) | (third << 16) | (fourth << 24);
      } else {
        for (let i = whole, shift = 0; i < length; i++, shift += 8) {
          const letter = letterAt(text, i);
          letters |= letter;
          block |= letter << shift;
        }
      }
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
    if (letters > 0xff) {
      this.wideText(keyLow, keyHigh, text);
      return;
    }
    v2 ^= 0xee;
    for (let n = 0; n < 6; n++) {
      if (n === 3) {
        this.low = v1 ^ v3;
        v1 ^= 0xdd;
      }
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
    }
    this.high = v1 ^ v3;
  }

  /** Hashes two characters per 32-bit word, two words at a time, with each result as the key of the next pair. */
  private wideText(keyLow: number, keyHigh: number, text: string): void {
    this.words(keyLow, keyHigh, text.length, -1);
    for (let at = 0; at < text.length; at += 4) {
      const letter = (i: number) => (at + i < text.length ? letterAt(text, at + i) : 0);
      this.words(this.low, this.high, letter(0) | (letter(1) << 16), letter(2) | (letter(3) << 16));
    }
  }

  /** Hashes two 32-bit numbers. */
  words(keyLow: number, keyHigh: number, first: number, second: number): void {
    let v0 = keyLow;
    let v1 = keyHigh ^ 0xee;
    let v2 = 0x6c796765 ^ keyLow;
    let v3 = 0x74656462 ^ keyHigh;
    // The two numbers are followed by a block that ends no text of two blocks (a length of 255), then by the rounds that close each half.
    for (let n = 0; n < 9; n++) {
      const block = n === 0 ? first : n === 1 ? second : n === 2 ? -1 : 0;
      if (n === 3) v2 ^= 0xee;
      else if (n === 6) {
        this.low = v1 ^ v3;
        v1 ^= 0xdd;
      }
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
    this.high = v1 ^ v3;
  }
}
