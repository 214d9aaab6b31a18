// Sizes in the configuration of filters: converts `64KiB` to bytes. Parsing is in base/size.ts; each setting has its own bounds.

import { z } from 'zod';
import { parseSize, sizeExpected, sizePattern, sizeUnitText } from '../size.ts';
import { expected } from './found.ts';

const described = expected(sizeExpected, sizeUnitText);

export const size = z
  .string(described)
  .regex(sizePattern, { ...described, abort: true })
  .transform(parseSize);
