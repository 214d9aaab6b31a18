// The order in which problems are told: as a reader goes through the files.

import type { LocatedProblem } from './config.ts';

/** By file in the order of reading, then by place; errors and warnings together. */
export function inReadingOrder(problems: readonly LocatedProblem[], files: readonly string[]): LocatedProblem[] {
  const rank = new Map(files.map((file, at) => [file, at]));
  return [...problems].sort(
    (a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}
