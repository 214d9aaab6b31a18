// Which folders have to be watched because something new in them could make an `include` pattern match more files. Opens no file.

import { globSync, statSync } from 'node:fs';
import path from 'node:path';

/** The characters with which a part of a pattern can match several names. */
export const magic = /[*?[{]/;
/** A last part that matches configuration files only: watching `<folder>/*` is enough to see new ones. */
const configFiles = /\.(?:ya?ml|json)$/;

/** What to watch for this pattern, as absolute paths; `<folder>/*` means the files of a folder. Relative patterns start at `folder`. */
export function patternFolders(pattern: string, folder: string): string[] {
  const parts = pattern.split('/');
  const watched: string[] = [];
  for (const [at, part] of parts.entries()) {
    const before = parts.slice(0, at);
    if (![...before, part].some(each => magic.test(each))) continue;
    const takesConfigFiles = at === parts.length - 1 && configFiles.test(part) && !before.includes('**');
    for (const found of foldersLike(before.join('/'), folder)) {
      watched.push(path.join(found, '*'));
      // Watching a folder itself shows new folders and files with other names in it, or that the folder is created.
      if (!takesConfigFiles || !isFolder(found)) watched.push(found);
    }
  }
  // A `**` at the end matches the files below every folder that it matches.
  if (parts.at(-1) === '**')
    for (const found of foldersLike(pattern, folder)) watched.push(path.join(found, '*'), found);
  return watched;
}

/** The existing folders that the first parts of a pattern match. Without wildcards, the one folder they name, whether it exists or not. */
export function foldersLike(pattern: string, folder: string): string[] {
  if (!magic.test(pattern)) return [path.resolve(folder, pattern)];
  return globSync(pattern, { cwd: folder })
    .map(each => path.resolve(folder, each))
    .filter(isFolder);
}

/** False for a path that does not exist or cannot be examined, such as a link that leads to itself. */
export function isFolder(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    return false;
  }
}
