// One condition on values: exact, a regular expression, present or absent. conditions.ts says where the values come from.

import { compileLinearRegex, type LinearRegex, LinearRegexError } from '../base/linear-regex.ts';
import type { ValueMatch } from './match.ts';

/** A compiled `ValueMatch`. A regular expression must match the whole value. */
export class ValueCheck {
  readonly match: ValueMatch;
  /** Whether the condition requires that there is no value. */
  readonly absent: boolean;
  private readonly exact: string | null;
  private readonly regex: LinearRegex | null;

  constructor(match: ValueMatch, regex: LinearRegex | null) {
    this.match = match;
    this.absent = match.kind === 'absent';
    this.exact = match.kind === 'exact' ? match.value : null;
    this.regex = regex;
  }

  /** Whether one existing value satisfies the condition; always false for an `absent` condition. */
  test(value: string): boolean {
    if (this.absent) return false;
    if (this.exact !== null) return value === this.exact;
    return this.regex === null || this.regex.testWhole(value);
  }
}

/** Compiles a match. `compiled` caches regexes by source; new ones are added. A returned string is an error message for the operator. */
export function compileValueCheck(match: ValueMatch, compiled: Map<string, LinearRegex>): ValueCheck | string {
  if (match.kind !== 'regex') return new ValueCheck(match, null);
  let regex = compiled.get(match.source);
  if (regex === undefined) {
    const outcome = compileLinearRegex(match.source);
    if (outcome instanceof LinearRegexError) return outcome.message;
    regex = outcome;
    compiled.set(match.source, regex);
  }
  return new ValueCheck(match, regex);
}

/** The condition in words: `is "x"`, `matches ~x`, `is present`. */
export function describeMatch(match: ValueMatch | { readonly kind: 'scalar'; readonly value: unknown }): string {
  switch (match.kind) {
    case 'exact':
    case 'scalar':
      return `is ${JSON.stringify(match.value)}`;
    case 'regex':
      return `matches ~${match.source}`;
    default:
      return `is ${match.kind}`;
  }
}
