// Which problems are reported, and in which order: each once, in the order of the files and their lines.

import type { LocatedProblem, Problem } from './config.ts';

/**
 * The early problems, and the later ones that are not their echoes. A value that could not be filled in is reported once, and not again as
 * a wrong value or as an error of what contains it. A problem that an alias repeats is reported once.
 */
export function withoutEchoes(early: readonly LocatedProblem[], later: readonly LocatedProblem[]): LocatedProblem[] {
  const errors = early.filter(({ severity }) => severity === 'error');
  const earlyPlaces = new Set(errors.map(placeKey));
  const holdsError = ({ path, file }: LocatedProblem): boolean =>
    path.length > 1 && errors.some(each => each.file === file && path.every((step, at) => each.path[at] === step));
  const told = new Set<string>();
  return [...early, ...later].filter((problem, at) => {
    const key = placeKey(problem);
    if (at >= early.length && (earlyPlaces.has(key) || holdsError(problem))) return false;
    const full = `${key} ${problem.message}`;
    if (told.has(full)) return false;
    told.add(full);
    return true;
  });
}

/** Whether a problem reports something as missing that may stand under an incomplete key; see check-document.ts. */
export function isAbsenceUncertain({ absentFrom }: Problem, incompleteKeys: ReadonlySet<string>): boolean {
  return absentFrom !== undefined && incompleteKeys.has(absentFrom);
}

function placeKey({ file, line, column }: LocatedProblem): string {
  return `${line}:${column}:${file}`;
}

/** By file in the order of reading, then by line and column; errors and warnings together. */
export function inReadingOrder(problems: readonly LocatedProblem[], files: readonly string[]): LocatedProblem[] {
  const rank = new Map(files.map((file, at) => [file, at]));
  return [...problems].sort(
    (a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}
