// Where in the document the part stands that is being compiled, and the way to say what is wrong with it.

import type { Problem } from '../config/config.ts';

type Step = string | number;

export class Report {
  private readonly problems: Problem[];
  private readonly path: readonly Step[];

  /** What is told goes to the end of `problems`. */
  constructor(problems: Problem[], path: readonly Step[]) {
    this.problems = problems;
    this.path = path;
  }

  /** The report of what stands below. */
  at(...below: readonly Step[]): Report {
    return new Report(this.problems, [...this.path, ...below]);
  }

  /** Tells an error. Null, in place of what cannot be made then. */
  fail(message: string): null {
    this.problems.push({ path: this.path, message, severity: 'error' });
    return null;
  }
}
