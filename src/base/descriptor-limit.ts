// How many file descriptors (files and sockets) this process may have open, and how many are open. Known on Linux only.

import { readdirSync, readFileSync, statSync } from 'node:fs';

let limit = Number.POSITIVE_INFINITY;

/**
 * The soft limit (`ulimit -n`, `LimitNOFILE`), which may change while the process runs. When reading fails, the last known value; Infinity
 * before the first successful read.
 */
export function descriptorLimit(): number {
  try {
    const written = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'));
    if (written !== null) limit = Number(written[1]);
  } catch {
    // Because: reading takes a descriptor, and none may be left.
  }
  return limit;
}

/**
 * Descriptors that clients leave free for connections to endpoints, the admin endpoints, logs and files: with none left, libuv closes new
 * connections without a message, and the gateway cannot be inspected.
 */
const KEPT_BACK_SHARE = 1 / 8;
const KEPT_BACK_MAX = 1_024;

/** How many of the descriptors that this limit allows may be in use when a client's connection is accepted. */
export function descriptorsForClients(limit: number): number {
  return limit - Math.min(KEPT_BACK_MAX, Math.ceil(limit * KEPT_BACK_SHARE));
}

let open = 0;

/** The number of descriptors in use. When counting fails, the last known value; 0 before the first successful count. */
export function openDescriptors(): number {
  const folder = '/proc/self/fd';
  try {
    // Since Linux 6.2 the size of this folder is the number of its entries; before, it is 0.
    open = statSync(folder).size || readdirSync(folder).length;
  } catch {
    // Keeps the last count: listing the folder takes a descriptor, and none may be left.
  }
  return open;
}
