// Every way in which one file names another: import, export from, import(), import type, new URL for a worker. Judges nothing.

import path from 'node:path';
import { blankOut } from './blank-out.ts';
import type { SourceFile } from './source-files.ts';

export interface Import {
  /** Path of the importing file from the root. */
  readonly from: string;
  /** Path of the file from the root for relative imports (`src/base/fault.ts`); otherwise as written (`node:net`, `zod`). */
  readonly to: string;
  readonly line: number;
  readonly relative: boolean;
  /** Whether it is `import './x.ts'`, for its side effect only. */
  readonly bare: boolean;
  /** Whether it is `import type` or `export type`, which do not exist at run time. */
  readonly typeOnly: boolean;
}

/** An import that the rules cannot follow: `import(variable)`. */
export interface Unreadable {
  readonly from: string;
  readonly line: number;
}

const named = [
  /\bfrom\s*(?<quote>['"]) +\k<quote>/g,
  /\bimport\s*\(\s*(?<quote>['"]) +\k<quote>/g,
  /\bnew URL\(\s*(?<quote>['"]) +\k<quote>\s*,\s*import\.meta\.url/g,
  /\bimport\.meta\.resolve\(\s*(?<quote>['"]) +\k<quote>/g,
];
const bareImport = /\bimport\s*(?<quote>['"]) +\k<quote>/g;
const computed = /\bimport\s*\(\s*(?!['"])|\brequire\s*\(/g;

export function importsOf(file: SourceFile): { imports: Import[]; unreadable: Unreadable[] } {
  const code = blankOut(file.text);
  const imports: Import[] = [];
  for (const pattern of [...named, bareImport]) {
    for (const match of code.matchAll(pattern)) {
      const quote = match.groups!['quote']!;
      const start = match.index + match[0].indexOf(quote) + 1;
      const written = file.text.slice(start, file.text.indexOf(quote, start));
      const relative = written.startsWith('.');
      const to = relative ? path.posix.join(path.posix.dirname(file.path), written) : written;
      const typeOnly = match[0].startsWith('from') && statementIsType(code, match.index);
      imports.push({
        from: file.path,
        to,
        line: lineAt(code, start),
        relative,
        bare: pattern === bareImport,
        typeOnly,
      });
    }
  }
  const unreadable = [...code.matchAll(computed)].map(match => ({ from: file.path, line: lineAt(code, match.index) }));
  return { imports, unreadable };
}

/** Whether the statement with this `from` begins with `import type` or `export type`. */
function statementIsType(code: string, fromAt: number): boolean {
  const opening = [...code.slice(0, fromAt).matchAll(/\b(?:import|export)\b(?<type>\s+type\b(?!\s*,|\s+from\b))?/g)].at(
    -1,
  );
  return opening?.groups?.['type'] !== undefined;
}

export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}
