// Pseudo-random numbers that are the same in every run.

let seed = 42;

/** The next number: at least 0 and below 1. */
export function fixedRandom(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}
