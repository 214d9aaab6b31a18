// In which folders something new would make an `include` pattern lead to more files. Opens no file.

import { globSync, statSync } from 'node:fs';
import path from 'node:path';

/** What makes a part of a pattern lead to several names. */
export const magic = /[*?[{]/;
/** A last part that names configuration files: the watch knows those of a folder by themselves. */
const configFiles = /\.(?:ya?ml|json)$/;

/** What is to be watched for this pattern, whose relative paths start at `folder`; absolute, `<folder>/*` for the files of a folder. */
export function patternFolders(pattern: string, folder: string): string[] {
  const parts = pattern.split('/');
  const watched: string[] = [];
  for (const [at, part] of parts.entries()) {
    const before = parts.slice(0, at);
    if (![...before, part].some(each => magic.test(each))) continue;
    const takesConfigFiles = at === parts.length - 1 && configFiles.test(part) && !before.includes('**');
    for (const found of foldersLike(before.join('/'), folder)) {
      watched.push(path.join(found, '*'));
      // Folders, and files with other names, are seen by the folder that they come into; a folder that is not there by itself.
      if (!takesConfigFiles || !isFolder(found)) watched.push(found);
    }
  }
  // It leads to files below every folder that it leads to.
  if (parts.at(-1) === '**')
    for (const found of foldersLike(pattern, folder)) watched.push(path.join(found, '*'), found);
  return watched;
}

/** The folders that there are for the first parts of a pattern; without magic in them the one, whether it is there or not. */
export function foldersLike(pattern: string, folder: string): string[] {
  if (!magic.test(pattern)) return [path.resolve(folder, pattern)];
  return globSync(pattern, { cwd: folder })
    .map(each => path.resolve(folder, each))
    .filter(isFolder);
}

function isFolder(file: string): boolean {
  try {
    return statSync(file).isDirectory();
  } catch {
    return false;
  }
}
