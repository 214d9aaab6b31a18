// Which problems are told, and in which order: each once, as a reader goes through the files.

import type { LocatedProblem, Problem } from './config.ts';

/**
 * Early problems, and the later ones without echoes: what could not be filled in is told once, not as a wrong value, nor as
 * something wrong with what holds it, as well; and what an alias repeats is told once.
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

/** Whether a problem says that something is missing which may be what stands under a lost key; see check-document.ts. */
export function mayBeLost({ absentFrom }: Problem, lost: ReadonlySet<string>): boolean {
  return absentFrom !== undefined && lost.has(absentFrom);
}

function placeKey({ file, line, column }: LocatedProblem): string {
  return `${line}:${column}:${file}`;
}

/** By file in the order of reading, then by place; errors and warnings together. */
export function inReadingOrder(problems: readonly LocatedProblem[], files: readonly string[]): LocatedProblem[] {
  const rank = new Map(files.map((file, at) => [file, at]));
  return [...problems].sort(
    (a, b) => (rank.get(a.file) ?? 0) - (rank.get(b.file) ?? 0) || a.line - b.line || a.column - b.column,
  );
}
