// What may be written for anyOf. The filters inside are checked by their own schemas.

import { z } from 'zod';
import { filterElement } from '../../base/schema/filter-place.ts';

export const name = 'anyOf';

/** Its configuration is a list of filters that find out who calls. */
export const nests = true;

export const documentation =
  'Several ways to say who one is, of which one suffices: a key or a token. The filters are asked in the order written; the first that recognises the caller decides, and those behind it are not asked. ' +
  'When none does, a caller whose credential did not hold gets that refusal; one without any credential gets 401 with the challenges of all, or is sent to log in where one of the ways is a login in the browser. Failures are counted, and held against the caller’s address, only when no way does.';

export const schema = z
  .array(filterElement)
  .min(2, 'expected at least two filters: one alone needs no anyOf')
  .max(8, 'at most eight ways');

export type AnyOfConfig = readonly { readonly name: string; readonly config: unknown }[];
