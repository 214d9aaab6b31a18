// One entry of `chains`: filters under a name, for routes and the global chain to use. expand-chains.ts puts them in their places.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';
import { type FilterSchema, filterSchema } from './filter-schema.ts';

export function chainSchema(filters: readonly FilterSchema[]) {
  return z
    .array(filterSchema(filters), expected('a list of filters'))
    .min(1, 'expected at least one filter, found an empty list')
    .transform(list => ({ filters: list }))
    .describe('Filters in the order in which they run.');
}
