// Numbers that look random and are the same in every run.

let seed = 42;

/** From 0 up to 1, which is never reached. */
export function fixedRandom(): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
}
