// The algorithms again, as simply as possible: exact rationals, times that never wrap around, no packing. For tests.

import type { LimitRule } from './limit-rule.ts';
import { WINDOW_TICKS } from './window-scale.ts';

/** Decides at whole ticks: `tick` counts them since 0 and is never wrapped. */
export interface Reference {
  decide(tick: bigint, cost: number): boolean;
  /** Takes the cost, whether it fits or not. */
  charge(tick: bigint, cost: number): void;
}

/** A fraction of two whole numbers; the denominator is above 0. */
class Rational {
  readonly over: bigint;
  readonly under: bigint;

  constructor(over: bigint, under = 1n) {
    this.over = over;
    this.under = under;
  }
  plus(other: Rational): Rational {
    return new Rational(this.over * other.under + other.over * this.under, this.under * other.under);
  }
  minus(other: Rational): Rational {
    return this.plus(new Rational(-other.over, other.under));
  }
  times(other: Rational): Rational {
    return new Rational(this.over * other.over, this.under * other.under);
  }
  atMost(other: Rational): boolean {
    return this.over * other.under <= other.over * this.under;
  }
}

function least(a: Rational, b: Rational): Rational {
  return a.atMost(b) ? a : b;
}

function most(a: Rational, b: Rational): Rational {
  return a.atMost(b) ? b : a;
}

const whole = (value: number) => new Rational(BigInt(value));

/** Times in milliseconds, as in ITU-T I.371: a theoretical arrival time and a tolerance. */
function gcra({ count, perMs, burst }: LimitRule, ticksPerUnit: number): Reference {
  const interval = new Rational(BigInt(perMs), BigInt(count));
  const tolerance = interval.times(whole(burst));
  let full: Rational | null = null;
  const timeOf = (tick: bigint) => interval.times(new Rational(tick, BigInt(ticksPerUnit)));
  const after = (now: Rational, cost: number) =>
    (full === null ? now : most(full, now)).plus(interval.times(whole(cost)));
  return {
    decide(tick, cost) {
      const now = timeOf(tick);
      const then = after(now, cost);
      if (!then.atMost(now.plus(tolerance))) return false;
      full = then;
      return true;
    },
    charge(tick, cost) {
      const now = timeOf(tick);
      full = least(after(now, cost), now.plus(tolerance.times(whole(10))));
    },
  };
}

/** Tokens are added at the rate, up to the burst, while the clock runs forward. */
function tokenBucket({ count, perMs, burst }: LimitRule, ticksPerUnit: number): Reference {
  const rate = new Rational(BigInt(count), BigInt(perMs));
  const interval = new Rational(BigInt(perMs), BigInt(count));
  let tokens = whole(burst);
  let last: bigint | null = null;
  const fill = (tick: bigint) => {
    if (last !== null && tick <= last) return;
    const passed = last === null ? whole(0) : interval.times(new Rational(tick - last, BigInt(ticksPerUnit)));
    tokens = least(whole(burst), tokens.plus(passed.times(rate)));
    last = tick;
  };
  return {
    decide(tick, cost) {
      const known = { tokens, last };
      fill(tick);
      if (whole(cost).atMost(tokens)) {
        tokens = tokens.minus(whole(cost));
        return true;
      }
      ({ tokens, last } = known);
      return false;
    },
    charge(tick, cost) {
      fill(tick);
      tokens = most(tokens.minus(whole(cost)), whole(-9 * burst));
    },
  };
}

const windowTicks = BigInt(WINDOW_TICKS);

function fixedWindow({ count }: LimitRule): Reference {
  const used = new Map<bigint, number>();
  let current = -1n;
  const usedIn = (tick: bigint) => {
    const window = tick / windowTicks;
    const counted = window > current ? window : current;
    return { counted, units: used.get(counted) ?? 0 };
  };
  const add = (tick: bigint, cost: number) => {
    const { counted, units } = usedIn(tick);
    current = counted;
    used.set(counted, units + cost);
  };
  return {
    decide(tick, cost) {
      if (usedIn(tick).units + cost > count) return false;
      add(tick, cost);
      return true;
    },
    charge: add,
  };
}

function slidingWindow({ count }: LimitRule): Reference {
  const used = new Map<bigint, number>();
  let current = -1n;
  const estimate = (tick: bigint) => {
    const window = tick / windowTicks;
    const counted = window > current ? window : current;
    const within = window < counted ? 0n : tick - counted * windowTicks;
    const share = new Rational(windowTicks - within, windowTicks);
    const before = whole(used.get(counted - 1n) ?? 0);
    return { counted, units: before.times(share).plus(whole(used.get(counted) ?? 0)) };
  };
  const add = (tick: bigint, cost: number) => {
    const { counted } = estimate(tick);
    current = counted;
    used.set(counted, (used.get(counted) ?? 0) + cost);
  };
  return {
    decide(tick, cost) {
      if (!estimate(tick).units.plus(whole(cost)).atMost(whole(count))) return false;
      add(tick, cost);
      return true;
    },
    charge: add,
  };
}

function slidingLog({ count }: LimitRule): Reference {
  let times: bigint[] = [];
  const add = (tick: bigint, cost: number) => {
    times = times.filter(time => tick - time < windowTicks);
    const newest = times.at(-1) ?? tick;
    for (let i = 0; i < cost; i++) times.push(newest > tick ? newest : tick);
    // More units than the limit are not owed: the newest ones stay.
    times = times.slice(-count);
  };
  return {
    decide(tick, cost) {
      if (times.filter(time => tick - time < windowTicks).length + cost > count) return false;
      add(tick, cost);
      return true;
    },
    charge: add,
  };
}

/** `ticksPerUnit` matters to gcra and tokenBucket, whose ticks are fractions of the time of a unit. */
export function exactReference(rule: LimitRule, ticksPerUnit: number): Reference {
  return { gcra, tokenBucket, fixedWindow, slidingWindow, slidingLog }[rule.algorithm](rule, ticksPerUnit);
}
