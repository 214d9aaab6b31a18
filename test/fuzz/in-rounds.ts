// Gives a fuzzer its time, and again from another seed where a machine that is busy with other things brought too little in it to prove anything.

import fc from 'fast-check';

/** The file's own time limit is beyond this many rounds of a few seconds. */
const ROUNDS_MAX = 10;
const RUNS_MAX = 100_000;
/** What is under way when the time is over may still come to its end. */
const GRACE_MS = 500;

export interface Rounds {
  readonly seconds: number;
  readonly seed: number;
  readonly isEnough: () => boolean;
}

/** Asserts that `judge` rejects none of the values that come in each round. */
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
