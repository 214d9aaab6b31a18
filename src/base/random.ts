// Fast random numbers for choices that need no secrecy, repeatable from a seed. Never for tokens, ids or keys.

/**
 * Marsaglia's xorshift with a multiplied output. The period is 2^32 - 1, and the state is always a 32-bit integer, which engines handle
 * fast.
 */
export class Random {
  private state: number;

  /** Without a seed, every instance produces a different sequence. */
  constructor(seed: number = Math.random() * 0x100000000) {
    // Because: zero is the one state that xorshift never leaves.
    this.state = seed | 0 || 0x9e3779b9 | 0;
  }

  /** A whole number from 0 to `bound` - 1. `bound` is at most 2^32. */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** A number from 0 up to, but not including, 1, in steps of 2^-32. */
  unit(): number {
    let { state } = this;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.state = state;
    return (Math.imul(state, 0x9e3779bb) >>> 0) * 2.3283064365386963e-10;
  }
}
