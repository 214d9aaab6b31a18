// Compares the defaults that the guide lists in one table with those of the generated reference. Compares texts, and knows no schema.

/** A row such as `| \`limits.body\` | \`0\` |`. In the reference, a column for the accepted values is in between. */
const listed = /^\| `([\w.[\]]+)` \| `([^`]+)` \|/gm;
const generated = /^\| \[?`([\w.[\]]+)`(?:\]\([^)]*\))? \| (?:[^|]|\\\|)* \| `([^`]+)` \|/gm;

/** Settings whose default in the guide differs from the reference, or that the reference lacks. */
export function staleDefaults(guide: string, reference: string): string[] {
  const defaults = new Map([...reference.matchAll(generated)].map(([, setting, value]) => [setting!, value!]));
  return [...guide.matchAll(listed)]
    .filter(([, setting, value]) => defaults.get(setting!) !== value)
    .map(([, setting, value]) => `${setting}: ${value}, and in the reference ${defaults.get(setting!) ?? 'none'}`);
}

/** The number of settings that the guide lists. */
export function listedDefaults(guide: string): number {
  return [...guide.matchAll(listed)].length;
}
