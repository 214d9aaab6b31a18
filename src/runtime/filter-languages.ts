// The configuration schemas of all filters, for commands that show the whole language.

import { filterSchemas, loadLanguages } from '../compile/languages.ts';
import type { FilterSchema } from '../config/schemas/filter-schema.ts';

export async function filterLanguages(): Promise<readonly FilterSchema[]> {
  await loadLanguages();
  return filterSchemas;
}
