// Rates in the language: `100/s`, `5/15min`, `10M/month`. Their notation is defined in base/rate.ts.

import { z } from 'zod';
import { isZeroRate, parseRate, rateExpected, rateHint, ratePattern } from '../../base/rate.ts';
import { expected } from '../../base/schema/found.ts';

const described = expected(rateExpected, rateHint);
const aboveZero = expected('a rate above zero, such as 100/s or 10M/month');
const isZero = (text: unknown) => typeof text === 'string' && isZeroRate(text);

export const rate = z
  .string(described)
  .regex(ratePattern, { error: issue => (isZero(issue.input) ? aboveZero : described).error(issue), abort: true })
  .refine(text => parseRate(text) !== null, { ...described, abort: true })
  // Because: the check above has passed, so there is a rate.
  .transform(text => parseRate(text)!);
