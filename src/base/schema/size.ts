// Sizes in the configuration of filters: converts `64KiB` to bytes. Parsing is in base/size.ts; each setting has its own bounds.

import { z } from 'zod';
import { parseSize, sizeExpected, sizePattern, sizeUnitText } from '../size.ts';
import { expected } from './found.ts';

const wanted = expected(sizeExpected);
const described = {
  error: (issue: { readonly input?: unknown }) => wanted.error(issue) + sizeUnitText(issue.input),
};

export const size = z
  .string(described)
  .regex(sizePattern, { ...described, abort: true })
  .transform(parseSize);
