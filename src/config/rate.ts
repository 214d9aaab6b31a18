// Rates in the language: `100/s`, `10M/month`. How rates read is in base/rate.ts.

import { z } from 'zod';
import { parseRate, rateExpected, ratePattern } from '../base/rate.ts';
import { expected } from '../base/schema/found.ts';

const described = expected(rateExpected);

export const rate = z
  .string(described)
  .regex(ratePattern, described)
  // Because: the pattern has passed, so there is a rate.
  .transform(text => parseRate(text)!);
