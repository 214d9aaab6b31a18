// Whether an `include` pattern leads through a folder that cannot be looked into: what stands there would be missing without
// a word, since searching passes over it. Reads no file.

import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { readFailure } from './expand.ts';
import { foldersLike, magic } from './pattern-folders.ts';

/** What is wrong with the first such folder, or null. */
export function closedFolder(pattern: string, folder: string): string | null {
  const parts = pattern.split('/');
  for (const [at, part] of parts.entries()) {
    const before = parts.slice(0, at);
    if (![...before, part].some(each => magic.test(each))) continue;
    // Its names are needed where several may fit; else it only has to lead on.
    const mode = magic.test(part) ? constants.R_OK | constants.X_OK : constants.X_OK;
    for (const each of foldersLike(before.join('/'), folder)) {
      const failure = accessFailure(each, mode);
      if (failure !== null) return failure;
    }
  }
  return null;
}

/** What is not there hides nothing; nor does what a file system keeps for its own repair, for root alone. */
function accessFailure(folder: string, mode: number): string | null {
  if (path.basename(folder) === 'lost+found') return null;
  try {
    accessSync(folder, mode);
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' || code === 'ENOTDIR' ? null : readFailure(folder, error);
  }
}
