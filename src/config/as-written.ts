// Shows a configuration with `${env:NAME}` and `${file:/path}` where values came from outside: such values may be secrets,
// and how they were written tells an operator more. What is secret by its name is hidden in control/redact.ts.

import type { Config } from './config.ts';
import { hideSecrets } from './hide-secrets.ts';

/** By configuration: what came from outside, with how it was written. */
const outsideValues = new WeakMap<Config, ReadonlyMap<string, string>>();

/** What holds names of the document, which are no secrets and by chance may equal a value from outside. */
const identifiers: ReadonlySet<string> = new Set(['name', 'kind', 'upstream', 'plan', 'version']);

/** Called by load.ts alone. */
export function rememberOutsideValues(config: Config, values: ReadonlyMap<string, string>): void {
  if (values.size > 0) outsideValues.set(config, values);
}

/**
 * A copy of `value`, a part of `config` or all of it, as it was written where it came from outside. Numbers and what a
 * filter made of a value stay as they are. The same value when nothing came from outside.
 */
export function asWritten(config: Config, value: unknown): unknown {
  const values = outsideValues.get(config);
  return values === undefined ? value : rewritten(value, values);
}

function rewritten(value: unknown, values: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return values.get(value) ?? hideSecrets(value, values);
  if (Array.isArray(value)) return value.map(each => rewritten(each, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, identifiers.has(key) ? inner : rewritten(inner, values)]),
  );
}
