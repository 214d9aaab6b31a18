// The position in the document of the part that is being compiled, with a method to report what is wrong there.

import type { Problem } from '../config/config.ts';

type Step = string | number;

export class Report {
  private readonly problems: Problem[];
  private readonly path: readonly Step[];

  /** Problems are appended to `problems`. */
  constructor(problems: Problem[], path: readonly Step[]) {
    this.problems = problems;
    this.path = path;
  }

  /** A report for the part at the path `below` inside this one. */
  at(...below: readonly Step[]): Report {
    return new Report(this.problems, [...this.path, ...below]);
  }

  /** Reports an error. Returns null, for callers to return in place of the part that cannot be compiled. */
  fail(message: string): null {
    this.problems.push({ path: this.path, message, severity: 'error' });
    return null;
  }
}
