// Finds `__proto__` as a key. Schemas of maps skip it silently, and a condition or header that is skipped is dangerous.

import type { Problem } from '../config.ts';

const reserved = '__proto__';
/** No schema has more levels, and YAML is not read deeper. */
const depthMax = 64;

/** One problem for each occurrence of the key in `value`. Paths start at `value`. */
export function reservedKeyProblems(value: unknown): Problem[] {
  const problems: Problem[] = [];
  visit(value, [], problems);
  return problems;
}

/** Whether the problem is about the reserved key. */
export function isAboutReservedKey({ path }: Problem): boolean {
  return path.at(-1) === reserved;
}

/** `path` leads to the value. It is one array for the whole walk and copied only for a problem. */
function visit(value: unknown, path: (string | number)[], problems: Problem[]): void {
  if (typeof value !== 'object' || value === null || path.length > depthMax) return;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at++) {
      if (typeof value[at] === 'object') visitBelow(value[at], at, path, problems);
    }
    return;
  }
  for (const key of Object.keys(value)) {
    if (key === reserved) {
      const message = `\`${reserved}\` cannot be a key`;
      problems.push({ path: [...path, key], message, severity: 'error', at: 'key' });
      continue;
    }
    // Because: the key is one of the object's own.
    const inner = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof inner === 'object') visitBelow(inner, key, path, problems);
  }
}

function visitBelow(value: unknown, step: string | number, path: (string | number)[], problems: Problem[]): void {
  path.push(step);
  visit(value, path, problems);
  path.pop();
}
