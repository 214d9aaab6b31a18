// The configuration of the allOf filter. The inner filters are checked by their own schemas.

import { z } from 'zod';
import { filterElement } from '../../base/schema/filter-place.ts';

export const name = 'allOf';

/** The configuration is a list of identity filters. */
export const nests = true;

export const documentation =
  'Requires several credentials together, such as a certificate and a token. The filters run in the order written, and the first refusal decides. ' +
  'All filters that name a consumer must name the same one. The identity is that of the first filter, with the scopes of all and the claims of the first that has any: `acl` checks these scopes, and `X-Consumer-Scopes` contains them. ' +
  'A credential that is `optional` may be missing. ' +
  'A signed `X-Consumer-Token` is made by the first filter that makes one, and contains only the scopes of that filter.';

export const schema = z
  .array(filterElement)
  .min(2, 'expected at least two filters: one alone needs no allOf')
  .max(8, 'at most eight credentials');

export type AllOfConfig = readonly { readonly name: string; readonly config: unknown }[];
