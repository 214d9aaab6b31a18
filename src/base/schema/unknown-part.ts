// What is wrong with counting by a consumer, key or claim where filters identify the caller, and none of them ever knows that of him.

import type { CallerPart } from './caller-part.ts';
import type { FilterSurroundings } from './filter-surroundings.ts';
import type { PlaceProblem } from './place-problem.ts';

/** A problem with its path still empty; null when the part may be known. `kind` is what `by` says. */
export function unknownPartProblem(
  kind: CallerPart | 'tenant',
  { knowsCaller, knownOfCaller }: Pick<FilterSurroundings, 'knowsCaller' | 'knownOfCaller'>,
): PlaceProblem | null {
  const part = kind === 'tenant' ? 'consumer' : kind;
  if (!knowsCaller || knownOfCaller.has(part)) return null;
  const remedies: Readonly<Record<CallerPart, string>> = {
    consumer: `so there is never a ${kind}, and every caller counts as one without: set \`consumer\` in the filter that identifies the caller`,
    key: 'so there is never a key: put apiKey, signature or mtls before it',
    claim: 'so there is never a claim: put jwt, introspect or oidc before it, or limit by consumer or key',
  };
  const lacks: Readonly<Record<CallerPart, string>> = {
    consumer: 'names a consumer',
    key: 'knows callers by keys',
    claim: 'reads the claims of a token',
  };
  const message = `no filter before this one ${lacks[part]}, ${remedies[part]}`;
  // Because: a token whose issuer is all that is known is the shortest configuration of jwt, and its callers are limited all the same.
  if (part === 'consumer') return { path: [], message, severity: 'warning' };
  return { path: [], message, absentFrom: 'filters' };
}
