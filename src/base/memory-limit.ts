// How much memory this process may take.

import { totalmem } from 'node:os';

/** Bytes: the machine's memory, or less where a container or a service manager allows less. */
export function memoryLimit(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}
