// Percentages as people write them: `5%`, `0.5%`, `100%`. They become shares from 0 to 1.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';

const pattern = /^(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]{1,4})?)%$/;
const described = expected('a percentage from 0% to 100%, such as 5% or 0.5%');

/** The share, 0 to 1; NaN when the text is not a percentage. */
export function parsePercentage(text: string): number {
  return pattern.test(text) ? Number(text.slice(0, -1)) / 100 : Number.NaN;
}

export const percentage = z
  .string(described)
  .regex(pattern, { ...described, abort: true })
  .transform(parsePercentage);
