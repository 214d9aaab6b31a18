// The languages of all filters, for whoever reads documents: the command line and the supervisor. Workers do without.

import type { FilterSchema } from '../config/filter-schema.ts';
import { filterEntries } from './catalog.ts';

/** What config/ checks documents by. */
export const filterSchemas: readonly FilterSchema[] = await Promise.all(
  filterEntries.map(({ language }) => language()),
);
