// What tells one state of a file from another without reading it, and whether somebody may still be writing it.

import { type Stats, statSync } from 'node:fs';

export interface FilePrint {
  /** `other` for a folder, a pipe and the like. */
  readonly kind: 'file' | 'other' | 'absent';
  readonly bytes: number;
  readonly inode: number;
  readonly modifiedMs: number;
  readonly changedMs: number;
}

const absent: FilePrint = { kind: 'absent', bytes: 0, inode: 0, modifiedMs: 0, changedMs: 0 };

/** Follows links, so a volume that Kubernetes swaps counts as changed. What cannot be asked about counts as absent. */
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
 * Whether a file that changed may be half-written. Who writes a file in place, or unpacks one over it, takes his time, and a part of it may be
 * valid: so it may where it is the same file, became smaller, or vanished. Another one in its place is whole.
 */
export function mayBeHalfWritten(now: FilePrint, before: FilePrint): boolean {
  if (before.kind !== 'file' || isSamePrint(now, before)) return false;
  return now.kind !== 'file' || now.inode === before.inode || now.bytes < before.bytes;
}
