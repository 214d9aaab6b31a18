// Sizes in the language where 0 means that there is no limit. All others are in base/schema/size.ts.

import { z } from 'zod';
import { found } from '../../base/schema/found.ts';
import { sizeBetween } from '../../base/schema/size.ts';
import { sizeExpected, sizeUnitText } from '../../base/size.ts';

const orZero = {
  error: ({ input }: { readonly input?: unknown }) =>
    `expected ${sizeExpected}, or 0, found ${found(input)}${sizeUnitText(input)}`,
};

const anySize = sizeBetween(0, Number.MAX_SAFE_INTEGER);

/** A size in bytes; 0, with or without a unit, is no limit. */
export const sizeOrNone = z.union([z.literal(0), anySize], orZero);

/** Bytes a second, as a size or as a plain number; 0 is no limit. */
export const bytesPerSecond = z.union([z.int().min(0), anySize], orZero);
