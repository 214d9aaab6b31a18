// The configuration of the anyOf filter. The inner filters are checked by their own schemas.

import { z } from 'zod';
import { filterElement } from '../../base/schema/filter-place.ts';

export const name = 'anyOf';

/** The configuration is a list of identity filters. */
export const nests = true;

export const documentation =
  'Accepts one of several credentials, such as a key or a token. The filters run in the order written; the first that recognises the caller decides, and the rest do not run. ' +
  'When none does, a caller with an invalid credential gets the refusal of that filter; one without any credential gets 401 with the challenges of all filters, or is redirected to the login where one of them is a login in the browser. ' +
  'Failures are counted, and held against the caller’s address, only when no filter recognises the caller. Where one of the filters is `optional`, a caller without any credential passes.';

export const schema = z
  .array(filterElement)
  .min(2, 'expected at least two filters: one alone needs no anyOf')
  .max(8, 'at most eight ways');

export type AnyOfConfig = readonly { readonly name: string; readonly config: unknown }[];
