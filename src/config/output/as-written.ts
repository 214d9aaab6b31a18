// Shows a configuration with `${env:NAME}` and `${file:/path}` in place of the values that came from outside: such values may be secrets,
// and the reference tells an operator more. Values that are secret by the name of their key are hidden in control/redact.ts.

import type { Config } from '../config.ts';
import { hideSecrets } from '../problems/hide-secrets.ts';

/** By configuration: the values that came from outside, each with its reference as written. */
const outsideValues = new WeakMap<Config, ReadonlyMap<string, string>>();

/** Keys whose values are names used in the document. A name is no secret, but may by chance equal a value from outside. */
const identifiers: ReadonlySet<string> = new Set(['name', 'kind', 'upstream', 'plan', 'version']);

/** Records the values from outside of a configuration. Called by load.ts only. */
export function rememberOutsideValues(config: Config, values: ReadonlyMap<string, string>): void {
  if (values.size > 0) outsideValues.set(config, values);
}

/**
 * Returns a copy of `value`, which is `config` or a part of it, with every value from outside replaced by its reference as written.
 * Numbers, and values that a filter derived from its settings, stay as they are. Returns `value` itself when nothing came from outside.
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
