// The process's resident memory. Asking for it opens a file: without a free descriptor that fails, which must not end the process.

let last = 0;

/** Bytes; what was read last where it cannot be read now. */
export function residentBytes(): number {
  try {
    last = process.memoryUsage.rss();
  } catch {
    // Because: it fails while all descriptors are in use, and what it was a moment ago serves as well.
  }
  return last;
}
