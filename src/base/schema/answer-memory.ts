// How much memory kept responses need: a rule for every part of the language that keeps some.

/** A table of responses looks for a key in this many places; with fewer, responses would displace each other at once. */
const ANSWERS_MIN = 8;

export function holdsEnoughAnswers(memoryBytes: number, answerBytesMax: number): boolean {
  return memoryBytes >= ANSWERS_MIN * answerBytesMax;
}

export const tooLittleMemory = { path: ['memory'], message: '`memory` has to hold eight answers at least' };
