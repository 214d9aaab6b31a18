// Sizes in the language of filters: `64KiB` becomes bytes. Parsing is in base/size.ts; bounds are set where it is used.

import { z } from 'zod';
import { parseSize, sizeExpected, sizePattern } from '../size.ts';
import { expected } from './found.ts';

const described = expected(sizeExpected);

export const size = z
  .string(described)
  .regex(sizePattern, { ...described, abort: true })
  .transform(parseSize);
