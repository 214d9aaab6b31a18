// Checks the `optional` of identity filters against the filters beside it: that what it says can be done, and is ever done.

import { combinedFilters, optionalOf } from '../../base/schema/optional-login.ts';
import type { FilterConfig, Problem } from '../config.ts';

type Path = readonly (string | number)[];

/** What the filters before a place make of callers without a credential. */
interface Before {
  /** The first filter that requires a credential; null for none. */
  required: string | null;
  /** The first filter that names a consumer for them, and this consumer; null for none. */
  named: { readonly by: string; readonly consumer: string } | null;
}

/**
 * Problems of the filters of `chain`, which is at `path` of the document. `before` are filters that run before them; an undefined one has an
 * error of its own.
 */
export function checkOptionalFilters(
  before: readonly (FilterConfig | undefined)[],
  chain: readonly (FilterConfig | undefined)[],
  path: Path,
  consumers: ReadonlySet<string>,
): Problem[] {
  const problems: Problem[] = [];
  const known: Before = { required: null, named: null };
  for (const filter of before) if (filter !== undefined) note(known, filter);
  for (const [at, filter] of chain.entries()) {
    if (filter === undefined) continue;
    for (const { consumer, path: place } of namesIn(filter, [...path, at])) {
      if (!consumers.has(consumer)) {
        const message = `there is no consumer "${consumer}"`;
        problems.push({ path: place, message, severity: 'error', absentFrom: 'consumers' });
      }
      const message = neverUsed(consumer, known);
      if (message !== null) problems.push({ path: place, message, severity: 'error' });
      known.named ??= { by: filter.name, consumer };
    }
    problems.push(...nestProblems(filter, [...path, at]));
    note(known, filter);
  }
  return problems;
}

/** The consumers that `optional` names in a filter and in those inside it, with their places. */
function namesIn(filter: FilterConfig, path: Path): { consumer: string; path: Path }[] {
  const own = [...path, filter.name];
  const inner = combinedFilters(filter);
  if (inner !== null) return inner.flatMap((each, at) => namesIn(each, [...own, at]));
  const consumer = optionalOf(filter)?.consumer ?? null;
  return consumer === null ? [] : [{ consumer, path: [...own, 'optional', 'consumer'] }];
}

/** Why no caller would ever be this consumer; null when some would. */
function neverUsed(consumer: string, { required, named }: Before): string | null {
  if (required !== null)
    return `${required} requires a credential before this filter, so no caller would ever be "${consumer}": write \`optional: true\``;
  if (named === null || named.consumer === consumer) return null;
  return `callers without a credential are "${named.consumer}" already, by ${named.by}: write \`optional: true\`, or the same consumer`;
}

function note(known: Before, filter: FilterConfig): void {
  for (const { consumer } of namesIn(filter, [])) known.named ??= { by: filter.name, consumer };
  if (isStrict(filter)) known.required ??= filter.name;
}

function nestProblems(filter: FilterConfig, path: Path): Problem[] {
  const { name } = filter;
  const inner = combinedFilters(filter) ?? [];
  const optional = inner.find(each => optionalOf(each) !== null);
  const problems = inner.flatMap((each, at) => nestProblems(each, [...path, name, at]));
  if (optional === undefined) return problems;
  for (const [at, each] of inner.entries()) {
    const place = [...path, name, at];
    if (name === 'anyOf' && !canTell(each)) {
      const because =
        each.name === 'allOf'
          ? 'requires several credentials, and who shows only some of them would pass like one who shows none'
          : 'itself decides what becomes of callers without a credential';
      const message = `${each.name} ${because}, so ${optional.name} beside it cannot be \`optional\``;
      problems.push({ path: [...place, each.name], message, severity: 'error', at: 'key' });
    }
    const named = namesIn(each, place)[0];
    const required = inner.find(other => optionalOf(other) === null);
    if (name === 'allOf' && named !== undefined && required !== undefined) {
      const message = `${required.name} in the same allOf requires a credential, so no caller would ever be "${named.consumer}": write \`optional: true\``;
      problems.push({ path: named.path, message, severity: 'error' });
    }
  }
  return problems;
}

/**
 * Whether the filter tells callers who show nothing from all others. A login in the browser and a service do not, and neither does an
 * `allOf` that requires a credential: it refuses a caller who shows only the other one like a caller who shows none.
 */
function canTell(filter: FilterConfig): boolean {
  const inner = combinedFilters(filter);
  if (inner !== null) return inner.every(canTell) && (filter.name !== 'allOf' || optionalOf(filter) !== null);
  const { config } = filter;
  return typeof config === 'object' && config !== null && 'optional' in config;
}

/** Whether nobody passes the filter without a credential, and without being told of to the filters after it. */
function isStrict(filter: FilterConfig): boolean {
  const inner = combinedFilters(filter);
  if (inner !== null) return filter.name === 'anyOf' ? inner.every(isStrict) : inner.some(isStrict);
  return canTell(filter) && optionalOf(filter) === null;
}
