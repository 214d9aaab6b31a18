// What every setting that keeps responses has in common: for how long, how large, and in how much memory.

import { duration } from './duration.ts';
import { sizeBetween } from './size.ts';

const KIB = 1_024;

/** A response table searches this many slots for a key. With room for fewer responses, they would displace each other at once. */
const ANSWERS_MIN = 8;

/** How long responses are kept: tables count in seconds. */
export const keepTime = duration.refine(ms => ms >= 1_000, 'expected at least 1s');

export const answerSize = sizeBetween(KIB, 64 * KIB * KIB);

/** One block that all workers share. */
export const answerMemory = sizeBetween(64 * KIB, 4 * KIB * KIB * KIB);

export function holdsEnoughAnswers(memoryBytes: number, answerBytesMax: number): boolean {
  return memoryBytes >= ANSWERS_MIN * answerBytesMax;
}

export const tooLittleMemory = { path: ['memory'], message: '`memory` has to hold eight answers at least' };
