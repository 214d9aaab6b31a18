// The documents that are generated from the code: writes them, or with --check reports stale ones. Run by `npm run reference`.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { filterSchemas, loadLanguages } from '../src/compile/languages.ts';
import { jsonSchema } from '../src/config/output/json-schema.ts';
import { configurationReference } from '../src/config/output/reference.ts';
import { withBenchSummary } from './bench-summary.ts';
import { cliReference } from './cli-reference.ts';
import { errorReference } from './error-reference.ts';
import { metricReference } from './metric-reference.ts';

const root = path.resolve(import.meta.dirname, '..');

interface GeneratedDocument {
  /** Path from the root. */
  readonly path: string;
  /** Returns the text that the document should have. */
  make(): string;
}

await loadLanguages();

export const generatedDocuments: readonly GeneratedDocument[] = [
  { path: 'docs/errors.md', make: errorReference },
  { path: 'docs/reference/configuration.md', make: () => configurationReference(filterSchemas) },
  { path: 'docs/reference/schema.json', make: () => `${JSON.stringify(jsonSchema(filterSchemas), null, 2)}\n` },
  { path: 'docs/reference/cli.md', make: cliReference },
  { path: 'docs/reference/metrics.md', make: metricReference },
  { path: 'README.md', make: () => withBenchSummary(read('README.md') ?? '', read('bench/results.md')) },
];

/** Paths of the documents that differ from what the code generates now. */
export function staleDocuments(documents: readonly GeneratedDocument[]): string[] {
  return documents.filter(document => read(document.path) !== document.make()).map(document => document.path);
}

function read(file: string): string | undefined {
  const full = path.join(root, file);
  return existsSync(full) ? readFileSync(full, 'utf8') : undefined;
}

function main(): void {
  const stale = staleDocuments(generatedDocuments);
  if (process.argv.includes('--check')) {
    if (stale.length === 0) return;
    console.error(`stale, run \`npm run reference\`: ${stale.join(', ')}`);
    process.exitCode = 1;
    return;
  }
  for (const { path: file, make } of generatedDocuments.filter(document => stale.includes(document.path))) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), make());
    console.log(`wrote ${file}`);
  }
}

if (import.meta.main) main();
