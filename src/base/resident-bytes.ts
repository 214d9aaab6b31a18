// The process's resident memory. Reading it opens a file and fails without a free descriptor, which must not end the process.

let last = 0;

/** In bytes. When reading fails, the last known value; 0 before the first successful read. */
export function residentBytes(): number {
  try {
    last = process.memoryUsage.rss();
  } catch {
    // Because: reading fails while all descriptors are in use, and the previous value serves as well.
  }
  return last;
}
