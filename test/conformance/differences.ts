// Reads differences.md: where this gateway judges otherwise than llhttp, by class with the reason, and by fixture.

import { readFileSync } from 'node:fs';

export interface DifferenceClass {
  readonly name: string;
  /** `request`, `response` or `both`. */
  readonly direction: string;
  readonly reason: string;
}

export interface Differences {
  readonly classes: ReadonlyMap<string, DifferenceClass>;
  /** Class by fixture id. */
  readonly fixtures: ReadonlyMap<string, string>;
}

/** Throws when a fixture names a class that the page does not explain. */
export function loadDifferences(): Differences {
  const text = readFileSync(new URL('./differences.md', import.meta.url), 'utf8');
  const classes = new Map<string, DifferenceClass>();
  const fixtures = new Map<string, string>();
  for (const line of text.split('\n')) {
    const cells = line.split('|').map(cell => cell.trim());
    if (cells.length === 5 && /^[a-z0-9-]+$/.test(cells[1]!) && /^(request|response|both)$/.test(cells[2]!)) {
      classes.set(cells[1]!, { name: cells[1]!, direction: cells[2]!, reason: cells[3]! });
    } else if (cells.length === 4 && /^(request|response)-.*: /.test(cells[2]!)) {
      fixtures.set(cells[2]!, cells[1]!);
    }
  }
  for (const [id, name] of fixtures) {
    if (!classes.has(name)) throw new Error(`differences.md: ${id} names the class ${name}, which is not explained`);
  }
  return { classes, fixtures };
}
