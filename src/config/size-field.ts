// Sizes in the language: `64KiB`, and 0 where it means that there is no limit. Their notation is defined in base/size.ts.

import { z } from 'zod';
import { expected, found } from '../base/schema/found.ts';
import { parseSize, sizeExpected, sizePattern, sizeText, sizeUnitText } from '../base/size.ts';

const described = expected(sizeExpected, sizeUnitText);
const orZero = {
  error: ({ input }: { readonly input?: unknown }) =>
    `expected ${sizeExpected}, or 0, found ${found(input)}${sizeUnitText(input)}`,
};

function bounded(bytesMin: number, bytesMax: number) {
  return z
    .string(described)
    .regex(sizePattern, { ...described, abort: true })
    .transform(parseSize)
    .refine(bytes => bytes >= bytesMin && bytes <= bytesMax, {
      error: `expected a size from ${sizeText(bytesMin)} to ${sizeText(bytesMax)}`,
    });
}

/** A size in bytes, within bounds. */
export function size(bytesMin: number, bytesMax: number) {
  return bounded(bytesMin, bytesMax);
}

/** A size in bytes; 0, with or without a unit, is no limit. */
export const sizeOrNone = z.union([z.literal(0), bounded(0, Number.MAX_SAFE_INTEGER)], orZero);

/** Bytes a second, as a size or as a plain number; 0 is no limit. */
export const bytesPerSecond = z.union([z.int().min(0), bounded(0, Number.MAX_SAFE_INTEGER)], orZero);
