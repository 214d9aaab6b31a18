// One golden case: a document, or a folder of documents, and the expected outcome. Compares nothing itself.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../../src/config/config.ts';
import { type LoadResult, loadConfig, loadConfigText } from '../../src/config/load.ts';
import { fakeFilters } from './fake-filters.ts';

const folder = path.join(import.meta.dirname, 'cases');

export interface GoldenCase {
  readonly name: string;
  /** Path of the document that is loaded. */
  readonly main: string;
  /** Path of the file with the expected outcome. */
  readonly expectation: string;
}

/** Environment variables for the documents. */
const env = { PORT: '8081', EMPTY: '', API_SECRET: 'correct-horse-battery', USERS_HOST: '10.0.0.7' };

export function goldenCases(): GoldenCase[] {
  return readdirSync(folder)
    .filter(entry => !entry.endsWith('.expected'))
    .map(entry => {
      const full = path.join(folder, entry);
      const name = entry.replace(/\.(?:yaml|json)$/, '');
      const main = statSync(full).isDirectory() ? path.join(full, 'cardea.yaml') : full;
      return { name, main, expectation: path.join(folder, `${name}.expected`) };
    });
}

/** The problems, one per line, then the configuration if it is valid: only what differs from a minimal one. */
export function outcomeText({ main }: GoldenCase): string {
  const result = loadConfig(main, { filters: fakeFilters, env });
  const lines = result.problems.map(({ file, line, column, severity, message }) => {
    return `${path.relative(folder, file)}:${line}:${column}: ${severity}: ${message.replaceAll(`${folder}/`, '')}`;
  });
  return `${[...lines, configText(result)].join('\n')}\n`;
}

export function expectedText({ expectation }: GoldenCase): string {
  return existsSync(expectation) ? readFileSync(expectation, 'utf8') : '';
}

function configText(result: LoadResult): string {
  if (!result.ok) return 'refused';
  const minimal = minimalConfig();
  const changed = Object.entries(result.config).filter(
    ([key, value]) => key !== 'version' && !isDeepStrictEqual(value, minimal[key as keyof Config]),
  );
  return changed.map(([key, value]) => `${key}: ${linesOf(value)}`).join('\n');
}

/** One line for each element of a list, because people read the differences. */
function linesOf(value: unknown): string {
  if (!Array.isArray(value)) return JSON.stringify(value);
  return value.map(element => `\n  ${JSON.stringify(element)}`).join('');
}

function minimalConfig(): Config {
  const result = loadConfigText('listeners: [{ address: 127.0.0.1:8080 }]', 'minimal.yaml', { filters: [] });
  if (!result.ok) throw new Error('the minimal configuration is refused');
  return result.config;
}
