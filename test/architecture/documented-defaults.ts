// The defaults that the guide lists in one table, beside those of the generated reference. Compares texts, and knows no schema.

/** `| \`limits.body\` | \`0\` |`, and in the reference what it takes in between. */
const listed = /^\| `([\w.[\]]+)` \| `([^`]+)` \|/gm;
const generated = /^\| \[?`([\w.[\]]+)`(?:\]\([^)]*\))? \| (?:[^|]|\\\|)* \| `([^`]+)` \|/gm;

/** Settings whose default in the guide is another than in the reference, or that the reference does not have. */
export function staleDefaults(guide: string, reference: string): string[] {
  const defaults = new Map([...reference.matchAll(generated)].map(([, setting, value]) => [setting!, value!]));
  return [...guide.matchAll(listed)]
    .filter(([, setting, value]) => defaults.get(setting!) !== value)
    .map(([, setting, value]) => `${setting}: ${value}, and in the reference ${defaults.get(setting!) ?? 'none'}`);
}

/** How many settings the guide lists. */
export function listedDefaults(guide: string): number {
  return [...guide.matchAll(listed)].length;
}
