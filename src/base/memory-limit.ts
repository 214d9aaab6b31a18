// How much memory this process may use.

import { totalmem } from 'node:os';

/** In bytes: the machine's memory, or less when a container or a service manager sets a lower limit. */
export function memoryLimit(): number {
  const allowed = process.constrainedMemory();
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}
