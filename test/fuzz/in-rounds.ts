// Gives a fuzzer its time, and again from another seed where a machine that is busy with other things brought too little in it to prove anything.

/** The file's own time limit is beyond this many rounds of a few seconds. */
const ROUNDS_MAX = 10;

/** `run` gets until when, by `performance.now()`, and the seed. */
export async function inRounds(
  seconds: number,
  seed: number,
  isEnough: () => boolean,
  run: (until: number, seed: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round === 0 || (round < ROUNDS_MAX && !isEnough()); round++) {
    await run(performance.now() + seconds * 1_000, seed + round);
  }
}
