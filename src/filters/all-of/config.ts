// What may be written for allOf. The filters inside are checked by their own schemas.

import { z } from 'zod';
import { filterElement } from '../../base/schema/filter-place.ts';

export const name = 'allOf';

/** Its configuration is a list of filters that find out who calls. */
export const nests = true;

export const documentation =
  'Several credentials that are all asked for: a certificate and a token. The filters run in the order written, and the first that refuses ends it. ' +
  'They must name the same consumer, as far as they name one; the identity is the first one’s, with the scopes of all and the claims of the first that has any: `acl` finds the scopes of any of them, and `X-Consumer-Scopes` tells the upstream the same. A signed `X-Consumer-Token` is the first filter’s that makes one, with that one’s scopes.';

export const schema = z
  .array(filterElement)
  .min(2, 'expected at least two filters: one alone needs no allOf')
  .max(8, 'at most eight credentials');

export type AllOfConfig = readonly { readonly name: string; readonly config: unknown }[];
