// Checks of the consumer names that the lists of a filter contain: lists of users, clients or keys, each of which may belong to a consumer.

import type { FilterSurroundings } from './filter-surroundings.ts';
import type { PlaceProblem } from './place-problem.ts';

/**
 * Reports each element whose consumer does not exist: a caller with that credential would be no consumer, so without a plan or a limit of
 * its own.
 */
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

/** The warning of `unlistedConsumer` for the name at `path` of a filter's configuration. */
export function unlistedProblem(path: PlaceProblem['path'], name: string): PlaceProblem {
  return { path, message: unlistedConsumer(name), severity: 'warning', absentFrom: 'consumers' };
}

/**
 * The message for a rule that names a consumer which the document does not list. A key in a store may still belong to that name, and only
 * the store would know, so this is a warning only.
 */
export function unlistedConsumer(name: string): string {
  return `there is no consumer "${name}": unless keys of a store belong to it, nobody is ever this consumer`;
}
