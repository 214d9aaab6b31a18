// The configuration languages (schemas) of all filters, for code that reads documents: the command line and the supervisor, not
// workers. Each is loaded when a document names its filter: most documents name a few, and loading all takes a tenth of the start.

import type { FilterSchema } from '../config/schemas/filter-schema.ts';
import { filterEntries } from './catalog.ts';

/** Thrown when a document names a filter whose language is not loaded. Load it, then read the document again. */
export class LanguageMissing extends Error {
  constructor(name: string) {
    super(`the language of the filter "${name}" is not loaded`);
  }
}

/** Has the members of FilterSchema. All but `name` and `isLoaded` throw LanguageMissing while the language is not loaded. */
class LoadedWhenNamed {
  readonly name: string;
  language: FilterSchema | null = null;

  constructor(name: string) {
    this.name = name;
  }

  get isLoaded() {
    return this.language !== null;
  }
  get schema() {
    return this.loaded.schema;
  }
  get documentation() {
    return this.loaded.documentation;
  }
  get dependsOnCaller() {
    return this.loaded.dependsOnCaller;
  }
  get remembersAnswers() {
    return this.loaded.remembersAnswers;
  }
  get identifies() {
    return this.loaded.identifies;
  }
  get makesKnown() {
    return this.loaded.makesKnown;
  }
  get nests() {
    return this.loaded.nests;
  }
  get storesOf() {
    return this.loaded.storesOf;
  }
  get ownPaths() {
    return this.loaded.ownPaths;
  }
  get revocationLists() {
    return this.loaded.revocationLists;
  }
  get placeProblems() {
    return this.loaded.placeProblems;
  }

  private get loaded(): FilterSchema {
    if (this.language === null) throw new LanguageMissing(this.name);
    return this.language;
  }
}

const byName = new Map(filterEntries.map(({ name }) => [name, new LoadedWhenNamed(name)]));

/** The schemas by which config/ checks documents. Using one whose language is not loaded throws LanguageMissing. */
export const filterSchemas: readonly FilterSchema[] =
  // Because: a getter that returns undefined is as good as an absent property.
  [...byName.values()] as readonly FilterSchema[];

/** Loads the languages of the filters for which `isWanted` returns true; by default of all. */
export async function loadLanguages(isWanted: (name: string) => boolean = () => true): Promise<void> {
  const missing = filterEntries.filter(({ name }) => byName.get(name)!.language === null && isWanted(name));
  await Promise.all(
    missing.map(async ({ name, language }) => {
      byName.get(name)!.language = await language();
    }),
  );
}
