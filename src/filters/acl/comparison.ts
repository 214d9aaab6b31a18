// Parses a comparison of a claim with a number, as written in the configuration: `>= 3`.

const comparison = /^(>=|<=|>|<) *(-?[0-9]{1,15}(?:\.[0-9]{1,9})?)$/;

/** The parts of a comparison; null when the text is a plain value. */
export function comparisonOf(text: string): { readonly sign: string; readonly number: number } | null {
  const match = comparison.exec(text);
  return match === null ? null : { sign: match[1]!, number: Number(match[2]) };
}
