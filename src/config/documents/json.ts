// Reads one JSON document into plain values. Stricter than JSON.parse in one respect: a key may occur only once in an object.

import { jsonError } from './json-error.ts';
import { ReadError, readYaml } from './yaml.ts';

// Because: an alternative for every letter of a long text would need more backtracking state than the engine keeps.
const stringOrKey = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?/g;

/** The value of the document, which may be null. Returns a ReadError instead of throwing. */
export function readJson(text: string): { readonly value: unknown } | ReadError {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return jsonError(text);
  }
  let written = 0;
  for (const match of text.matchAll(stringOrKey)) if (match[1] !== undefined) written++;
  if (written === countKeys(value)) return { value };
  // JSON is YAML, and js-yaml reports where the second key stands.
  const outcome = readYaml(text);
  return outcome instanceof ReadError ? outcome : new ReadError('a key is given twice in one object', 0);
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const values = Object.values(value);
  let count = Array.isArray(value) ? 0 : values.length;
  for (const inner of values) count += countKeys(inner);
  return count;
}
