// Describes what was found, in words for an operator: the second half of "expected ..., found ...". Does not say where.

const textMax = 60;

/** A short description of a value in a document: `"abc"`, `5`, `a list`, `a map`, `nothing`. */
export function found(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.length > textMax ? `${value.slice(0, textMax)}…` : value);
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map';
  return String(value);
}

/** The start of a message about a missing value; the key's name replaces "this" when it is known. */
export const MISSING = 'this is missing';

/** The `error` option of a schema: `expected <what>, found <the input>`, and what `hint` says about that input, which may be nothing. */
export function expected(
  what: string,
  hint: (input: unknown) => string = () => '',
): { error: (issue: { readonly input?: unknown }) => string } {
  return {
    error: ({ input }) =>
      (input === undefined ? `${MISSING}: expected ${what}` : `expected ${what}, found ${found(input)}`) + hint(input),
  };
}
