// Puts the sections of a run of some scenarios into the text of a whole run. Measures nothing and knows no table.

export interface Section {
  readonly title: string;
  /** Without the title, and without empty lines at its ends. */
  readonly text: string;
}

/**
 * `whole` with these sections in place of those with the same titles. A section that it lacks comes after the one that is before it in
 * `order`, the titles of all scenarios.
 */
export function withSections(whole: string, sections: readonly Section[], order: readonly string[]): string {
  const [head = '', ...parts] = whole.split(/^## /m);
  const texts = new Map(parts.map(part => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n')).trim()]));
  for (const { title, text } of sections) texts.set(title, text);
  const titles = [
    ...order.filter(title => texts.has(title)),
    ...[...texts.keys()].filter(title => !order.includes(title)),
  ];
  const written = titles.map(title => `## ${title}\n\n${texts.get(title)}\n`);
  return [`${head.trimEnd()}\n`, ...written].join('\n');
}
