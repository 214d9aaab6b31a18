// Problems of a configuration as lines for people.

import path from 'node:path';
import type { LocatedProblem } from '../config/config.ts';
import { SourceExcerpts } from '../config/problems/source-excerpt.ts';
import type { Paint } from './terminal.ts';

/** `cardea.yaml:3:5: error: ...` for each problem, with the line of the file and a caret; the file is shown by `shownFile`. */
export function problemLines(problems: readonly LocatedProblem[], paint: Paint): string {
  const excerpts = new SourceExcerpts();
  return problems
    .flatMap(problem => {
      const { file, line, column, severity, message } = problem;
      const place = `${shownFile(file)}:${line}:${column}`;
      const told = `${paint('bold', place)}: ${paint(severity === 'error' ? 'red' : 'yellow', severity)}: ${message}`;
      return [told, ...excerpts.of(problem).map(text => paint('dim', `    ${text}`))];
    })
    .join('\n');
}

/** `1 error`, `3 errors and 1 warning`. */
export function countText(problems: readonly LocatedProblem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  const parts = [errors === 0 ? '' : counted(errors, 'error'), warnings === 0 ? '' : counted(warnings, 'warning')];
  return parts.filter(text => text !== '').join(' and ');
}

/** `1 route`, `0 routes`, `3 routes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/**
 * Relative to the working directory when the file is below it; otherwise absolute, and also for services, whose working directory is the
 * root.
 */
function shownFile(file: string): string {
  const folder = process.cwd();
  const relative = path.relative(folder, file);
  return relative === '' || relative.startsWith('..') || path.dirname(folder) === folder ? file : relative;
}
