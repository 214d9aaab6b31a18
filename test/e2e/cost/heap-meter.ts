// Loaded into every thread of a gateway under test (`node --import`): writes periodically how many bytes the thread's heap has ever
// allocated and, on request, how many it holds after a collection. The engine counts these bytes, so a busy machine does not affect them.

import { renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { threadId } from 'node:worker_threads';
import { collectVariable, folderVariable, type HeapReading } from './heap-readings.ts';

const periodMs = 100;
const folder = process.env[folderVariable];

if (folder !== undefined) {
  const file = path.join(folder, String(threadId));
  const collect = process.env[collectVariable] === undefined ? () => {} : collector();
  const write = () => {
    const atMs = Date.now();
    collect();
    const { total_allocated_bytes, used_heap_size, external_memory } = getHeapStatistics();
    const reading: HeapReading = {
      atMs,
      givenOutBytes: total_allocated_bytes,
      heldBytes: used_heap_size + external_memory,
    };
    writeFileSync(`${file}.new`, JSON.stringify(reading));
    renameSync(`${file}.new`, file); // so that no reader sees half of the file
  };
  write();
  setInterval(write, periodMs).unref();
}

/** Returns a function that runs a full collection, which Node offers only behind a flag. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  // Because: with that flag, and only then, a new context has the function.
  return runInNewContext('gc') as () => void;
}
