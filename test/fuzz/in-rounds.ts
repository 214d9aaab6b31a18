// Runs a fuzzer for a time, and again with another seed when a busy machine completed too few runs to prove anything.

import fc from 'fast-check';

/** Most rounds; the time limit of the test file allows for this many rounds of a few seconds. */
const ROUNDS_MAX = 10;
const RUNS_MAX = 100_000;
/** Time for a run that is in progress at the end of the round to finish. */
const GRACE_MS = 500;

export interface Rounds {
  readonly seconds: number;
  readonly seed: number;
  readonly isEnough: () => boolean;
}

/** Asserts that `judge` rejects none of the values of each round. Repeats rounds until `isEnough`, at most ROUNDS_MAX. */
export async function assertInRounds<Value>(
  values: fc.Arbitrary<Value>,
  { seconds, seed, isEnough }: Rounds,
  judge: (value: Value) => Promise<unknown>,
): Promise<void> {
  for (let round = 0; round === 0 || (round < ROUNDS_MAX && !isEnough()); round++) {
    const until = performance.now() + seconds * 1_000;
    const property = fc.asyncProperty(values, async value => {
      if (performance.now() <= until) await judge(value);
    });
    const interruptAfterTimeLimit = seconds * 1_000 + GRACE_MS;
    await fc.assert(property, { seed: seed + round, numRuns: RUNS_MAX, endOnFailure: true, interruptAfterTimeLimit });
  }
}
