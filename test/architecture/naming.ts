// Rules for the names of files and for their opening comments.

import type { SourceFile } from './source-files.ts';

/** Words that say nothing about the contents of a file. */
const emptyWords = ['util', 'utils', 'helper', 'helpers', 'common', 'manager', 'impl', 'misc', 'stuff', 'lib'];

/** Folders and files in kebab-case, with a dot before the kind: `timer-wheel.test.ts`. */
const kebab = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z0-9]+)*$/;

/** Names that are not kebab-case or contain an empty word. `paths` are relative to the root. */
export function namingErrors(paths: readonly string[]): string[] {
  return paths.flatMap(path =>
    path.split('/').flatMap(part => {
      if (!kebab.test(part)) return [`${path}: ${part} is not kebab-case`];
      const empty = part.split(/[-.]/).find(word => emptyWords.includes(word));
      return empty === undefined ? [] : [`${path}: "${empty}" does not say what is in it`];
    }),
  );
}

/** Files that do not open with one to three comment lines about their purpose. */
export function headerErrors(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, text }) => {
    const lines = text.replace(/^#!.*\n/, '').split('\n');
    const codeAt = lines.findIndex(line => !line.startsWith('//'));
    const header = lines.slice(0, codeAt);
    if (header.length === 0) return [`${path} does not open with a comment that says what it is`];
    if (header.length > 3) return [`${path} opens with ${header.length} comment lines; three are enough`];
    return header.join(' ').length < 25 ? [`${path}: "${header.join(' ')}" says too little`] : [];
  });
}
