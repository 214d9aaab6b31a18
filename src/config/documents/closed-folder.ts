// Finds folders on the way of an `include` pattern that may not be read: globbing skips them silently, so that the files in them would be
// missing without a message. Reads no file.

import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { readFailure } from './expand.ts';
import { foldersLike, magic } from './pattern-folders.ts';

/** Returns a message about the first such folder, or null. */
export function closedFolder(pattern: string, folder: string): string | null {
  const parts = pattern.split('/');
  for (const [at, part] of parts.entries()) {
    const before = parts.slice(0, at);
    if (![...before, part].some(each => magic.test(each))) continue;
    // A part with wildcards needs the names in the folder; a literal part only needs the right to pass through the folder.
    const mode = magic.test(part) ? constants.R_OK | constants.X_OK : constants.X_OK;
    for (const each of foldersLike(before.join('/'), folder)) {
      const failure = accessFailure(each, mode);
      if (failure !== null) return failure;
    }
  }
  return null;
}

/** A folder that does not exist hides nothing. Neither does `lost+found`, which a file system keeps for its own repair, for root alone. */
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
