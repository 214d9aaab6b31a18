// How long one call of a function takes, by the clock, for the measurements beside this file.

const ROUNDS = 7;

/** Median over the rounds; the first round is a warm-up and left out. `call` returns a value so that it is not optimised away. */
export function nanosecondsOf(calls: number, call: (n: number) => unknown): number {
  let sink: unknown;
  const rounds: number[] = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const startedAt = performance.now();
    for (let n = 0; n < calls; n++) sink = call(n);
    if (round > 0) rounds.push(((performance.now() - startedAt) * 1e6) / calls);
  }
  if (sink === rounds) throw new Error('unreachable');
  return rounds.sort((a, b) => a - b)[ROUNDS >> 1]!;
}
