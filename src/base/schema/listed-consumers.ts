// Consumers that the lists of a filter name: users, clients or keys, each perhaps somebody's.

import type { FilterSurroundings } from './filter-surroundings.ts';
import type { PlaceProblem } from './place-problem.ts';

/** Those that are not there: whoever brings such a credential would be nobody's, with no plan and no limit of his own. */
export function missingConsumers(
  list: string,
  elements: readonly { readonly consumer?: string | undefined }[],
  { consumers }: FilterSurroundings,
): PlaceProblem[] {
  return elements.flatMap(({ consumer }, at) =>
    consumer === undefined || consumers.has(consumer)
      ? []
      : [{ path: [list, at, 'consumer'], message: `there is no consumer "${consumer}"`, absentFrom: 'consumers' }],
  );
}

/** As `unlistedConsumer` says, of what stands at `path` of a filter. */
export function unlistedProblem(path: PlaceProblem['path'], name: string): PlaceProblem {
  return { path, message: unlistedConsumer(name), severity: 'warning', absentFrom: 'consumers' };
}

/** For rules about callers, whom a key of a store may name as well: of a name that is not listed nobody knows that it is meant. */
export function unlistedConsumer(name: string): string {
  return `there is no consumer "${name}": unless keys of a store belong to it, nobody is ever this consumer`;
}
