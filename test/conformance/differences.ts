// Reads differences.md, which lists where this gateway judges differently from llhttp: classes with their reason, and fixtures.

import { readFileSync } from 'node:fs';

export interface DifferenceClass {
  readonly name: string;
  /** `request`, `response` or `both`. */
  readonly direction: string;
  readonly reason: string;
}

export interface Differences {
  readonly classes: ReadonlyMap<string, DifferenceClass>;
  /** Name of the class by fixture id. */
  readonly fixtures: ReadonlyMap<string, string>;
}

/** Throws when a row is malformed, appears twice, or names a class that the page does not explain. */
export function loadDifferences(): Differences {
  const text = readFileSync(new URL('./differences.md', import.meta.url), 'utf8');
  const classes = new Map<string, DifferenceClass>();
  const fixtures = new Map<string, string>();
  const [above = '', below = ''] = text.split('\n## Fixtures\n');
  for (const line of rowsOf(above)) {
    const cells = line.split('|').map(cell => cell.trim());
    if (cells.length !== 5 || !/^[a-z0-9-]+$/.test(cells[1]!) || !/^(request|response|both)$/.test(cells[2]!))
      throw new Error(`differences.md: no class: ${line}`);
    if (classes.has(cells[1]!)) throw new Error(`differences.md: the class ${cells[1]!} stands twice`);
    classes.set(cells[1]!, { name: cells[1]!, direction: cells[2]!, reason: cells[3]! });
  }
  for (const line of rowsOf(below)) {
    const cells = line.split('|').map(cell => cell.trim());
    if (cells.length !== 4 || !/^(request|response)-.*: /.test(cells[2]!))
      throw new Error(`differences.md: no fixture: ${line}`);
    if (fixtures.has(cells[2]!)) throw new Error(`differences.md: the fixture ${cells[2]!} stands twice`);
    fixtures.set(cells[2]!, cells[1]!);
  }
  for (const [id, name] of fixtures) {
    if (!classes.has(name)) throw new Error(`differences.md: ${id} names the class ${name}, which is not explained`);
  }
  return { classes, fixtures };
}

/** The rows of a table, without its header and the separator below. */
function rowsOf(text: string): string[] {
  return text
    .split('\n')
    .filter(line => line.startsWith('|'))
    .slice(2);
}
