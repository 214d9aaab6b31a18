// The project's files as the rules of this folder see them: path and text. Judges nothing.

import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname, '../..');

export interface SourceFile {
  /** Path from the root, with forward slashes: `src/base/fault.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Every file that matches, sorted by path. Patterns are relative to the root. */
export function filesOf(...patterns: string[]): SourceFile[] {
  const paths = globSync(patterns, { cwd: root, exclude: name => name === 'node_modules' }).sort();
  return paths.map(file => ({ path: file, text: readFileSync(path.join(root, file), 'utf8') }));
}

/** The product's code: src/ without the tests beside it. */
export function productFiles(): SourceFile[] {
  return filesOf('src/**/*.ts').filter(({ path }) => !isTestCode(path));
}

/** Whether the file is a test, `x.test.ts`, or used by tests only: `x.fixture.ts`, `x.contract.ts`. */
export function isTestCode(file: string): boolean {
  return /\.(test|fixture|contract)\.ts$/.test(file);
}
