// Tells whether a file changed without reading its content, and whether a changed file may still be in the middle of being written.

import { type Stats, statSync } from 'node:fs';

/** The properties that distinguish one state of a file from another. Times in ms since 1970, as `stat` reports them. */
export interface FilePrint {
  /** `other` for a folder, a pipe and the like. */
  readonly kind: 'file' | 'other' | 'absent';
  readonly bytes: number;
  readonly inode: number;
  readonly modifiedMs: number;
  readonly changedMs: number;
}

const absent: FilePrint = { kind: 'absent', bytes: 0, inode: 0, modifiedMs: 0, changedMs: 0 };

/** Follows symbolic links, so a volume that Kubernetes swaps counts as changed. A file that cannot be examined counts as absent. */
export function filePrintOf(file: string): FilePrint {
  try {
    return printOf(statSync(file));
  } catch {
    return absent;
  }
}

export function printOf(status: Stats): FilePrint {
  const { size, ino, mtimeMs, ctimeMs } = status;
  const kind = status.isFile() ? 'file' : 'other';
  return { kind, bytes: size, inode: ino, modifiedMs: mtimeMs, changedMs: ctimeMs };
}

export function isSamePrint(a: FilePrint, b: FilePrint): boolean {
  return (
    a.kind === b.kind &&
    a.inode === b.inode &&
    a.bytes === b.bytes &&
    a.modifiedMs === b.modifiedMs &&
    a.changedMs === b.changedMs
  );
}

/**
 * Whether a file that changed may be half-written. Editing a file in place, or unpacking an archive over it, takes time, and a part of the
 * file may be valid by itself. So a file may be half-written when it has the same inode, became smaller, or vanished. A different file in
 * its place is considered complete.
 */
export function mayBeHalfWritten(now: FilePrint, before: FilePrint): boolean {
  if (before.kind !== 'file' || isSamePrint(now, before)) return false;
  return now.kind !== 'file' || now.inode === before.inode || now.bytes < before.bytes;
}
