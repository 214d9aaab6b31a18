// How many files and sockets this process may have open, and how many it has. Known on Linux only.

import { readdirSync, readFileSync, statSync } from 'node:fs';

let limit = Number.POSITIVE_INFINITY;

/** The soft limit (`ulimit -n`, `LimitNOFILE`), which may be changed while the process runs. As it was read last where it cannot be read now. */
export function descriptorLimit(): number {
  try {
    const written = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    if (written !== null) limit = Number(written[1]);
  } catch {
    // Because: reading takes a descriptor, and there may be none.
  }
  return limit;
}

let open = 0;

/** Descriptors in use; what was counted last where they cannot be counted now. */
export function openDescriptors(): number {
  const folder = '/proc/self/fd';
  try {
    // Since Linux 6.2 the size says it; before, it is 0.
    open = statSync(folder).size || readdirSync(folder).length;
  } catch {
    // As above.
  }
  return open;
}
