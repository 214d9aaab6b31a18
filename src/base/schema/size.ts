// Sizes as people write them, `64KiB`, in bytes. Their notation is in base/size.ts.

import { z } from 'zod';
import { parseSize, sizeExpected, sizePattern, sizeText, sizeUnitText } from '../size.ts';
import { expected } from './found.ts';

const described = expected(sizeExpected, sizeUnitText);

export const size = z
  .string(described)
  .regex(sizePattern, { ...described, abort: true })
  .transform(parseSize);

/** A size within bounds. `abort` also stops the checks of the enclosing object, which would compare the wrong size with others. */
export function sizeBetween(bytesMin: number, bytesMax: number) {
  return size.refine(bytes => bytes >= bytesMin && bytes <= bytesMax, {
    error: `expected a size from ${sizeText(bytesMin)} to ${sizeText(bytesMax)}`,
    abort: true,
  });
}
