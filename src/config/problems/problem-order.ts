// Which problems are reported, and in which order: each once, in the order of the files and their lines.

import type { LocatedProblem, Problem } from '../config.ts';

/**
 * The early problems, and the later ones that are not their echoes. A value that could not be filled in is reported once, and not again as
 * a wrong value or as an error of what contains it. A problem that an alias repeats is reported once,
 * and so is one that several routes have with the same chain.
 */
export function withoutEchoes(early: readonly LocatedProblem[], later: readonly LocatedProblem[]): LocatedProblem[] {
  const errors = early.filter(({ severity }) => severity === 'error');
  const earlyPlaces = new Set(errors.map(placeKey));
  const holdsError = ({ path, file }: LocatedProblem): boolean =>
    path.length > 1 && errors.some(each => each.file === file && path.every((step, at) => each.path[at] === step));
  const told = new Map<string, LocatedProblem & { readonly routes: string[] }>();
  for (const [at, problem] of [...early, ...later].entries()) {
    const key = placeKey(problem);
    if (at >= early.length && (earlyPlaces.has(key) || holdsError(problem))) continue;
    const full = `${key} ${problem.message}`;
    const { inRoute, ...rest } = problem;
    if (!told.has(full)) told.set(full, { ...rest, routes: [] });
    if (inRoute !== undefined) told.get(full)!.routes.push(inRoute);
  }
  return Array.from(told.values(), ({ routes, ...problem }) =>
    routes.length === 0 ? problem : { ...problem, message: `${problem.message} (in ${routesText(routes)})` },
  );
}

/** Most routes that a message about a document names. */
const ROUTES_NAMED_MAX = 3;

/** The routes in which a problem of a chain shows. Often all routes with the chain have it. */
export function routesText(names: readonly string[], namedMax = ROUTES_NAMED_MAX): string {
  if (names.length === 1) return `the route ${names[0]}`;
  const more = names.length - namedMax;
  return `the routes ${names.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
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
