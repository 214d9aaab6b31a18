// Regular expressions of the configuration, matched in linear time: RE2's syntax, never V8's backtracking.
// A client chooses the text, so one bad pattern on a backtracking engine would be a way to stop the gateway.

import { RE2JS } from 're2js';

/** The maximum number of instructions of a compiled pattern; the work per character is at most proportional to this number. */
const programSizeMax = 4000;

/** Why a pattern was refused, as a sentence for the operator. */
export class LinearRegexError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/** A compiled pattern. Texts are JavaScript strings; `.` matches everything but `\n`, and `$` only the end of the text. */
export class LinearRegex {
  readonly source: string;
  /** The names of the named groups, in the order of the groups. */
  readonly groupNames: readonly string[];
  private readonly compiled: RE2JS;
  private readonly groupIndexes: readonly number[];

  constructor(source: string, compiled: RE2JS) {
    this.source = source;
    this.compiled = compiled;
    const named = Object.entries(compiled.namedGroups()).sort((a, b) => a[1] - b[1]);
    this.groupNames = named.map(([name]) => name);
    this.groupIndexes = named.map(([, index]) => index);
  }

  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean {
    return this.compiled.test(text);
  }

  /** Whether the pattern matches the text from its first character to its last. */
  testWhole(text: string): boolean {
    return this.compiled.testExact(text);
  }

  /**
   * The texts of the named groups, in the order of `groupNames`; null when the pattern does not match the whole text. A group that took no
   * part is empty.
   */
  execWhole(text: string): string[] | null {
    const matcher = this.compiled.matcher(text);
    if (!matcher.matches()) return null;
    return this.groupIndexes.map(index => matcher.group(index) ?? '');
  }
}

/** Compiles RE2 syntax: no backreferences, no lookaround, repetitions up to 1000. */
export function compileLinearRegex(source: string): LinearRegex | LinearRegexError {
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source);
  } catch (error) {
    // Because: re2js throws its own error classes, all of them Errors, on a pattern outside RE2's syntax.
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : String(error);
    return new LinearRegexError(`not a regular expression of RE2: ${reason}`);
  }
  const size = compiled.programSize();
  if (size > programSizeMax) {
    return new LinearRegexError(`the regular expression is too large: ${size} instructions, at most ${programSizeMax}`);
  }
  return new LinearRegex(source, compiled);
}
