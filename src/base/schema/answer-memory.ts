// How much memory kept responses need: one rule for every setting of the configuration that keeps responses.

/** A response table searches this many slots for a key. With room for fewer responses, they would displace each other at once. */
const ANSWERS_MIN = 8;

export function holdsEnoughAnswers(memoryBytes: number, answerBytesMax: number): boolean {
  return memoryBytes >= ANSWERS_MIN * answerBytesMax;
}

export const tooLittleMemory = { path: ['memory'], message: '`memory` has to hold eight answers at least' };
