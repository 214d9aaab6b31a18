// Reads what heap-meter.ts writes in the threads of a gateway.

import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const TIMEOUT_MS = 10_000;

export const folderVariable = 'CARDEA_TEST_HEAP_FOLDER';
/** When set, a full collection precedes every reading, so that `heldBytes` counts only live objects. */
export const collectVariable = 'CARDEA_TEST_HEAP_COLLECT';

export interface HeapReading {
  /** Date.now() before the reading began. */
  readonly atMs: number;
  /** Bytes allocated on the heap since the thread began. */
  readonly givenOutBytes: number;
  /** Bytes in use on the heap, and outside of it by buffers. */
  readonly heldBytes: number;
}

export interface HeapMeter {
  readonly folder: string;
  /** Environment that makes a gateway write its readings. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Prepares a meter for one gateway. The caller removes the folder. */
export function prepareHeapMeter({ collect = false } = {}): HeapMeter {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-heap-'));
  const program = path.join(import.meta.dirname, 'heap-meter.ts');
  return {
    folder,
    environment: {
      NODE_OPTIONS: `--import=${program}`,
      [folderVariable]: folder,
      ...(collect ? { [collectVariable]: '1' } : {}),
    },
  };
}

/** Readings that began after this call, by thread; the supervisor is thread 0. Throws when a thread writes none in time. */
export async function heapReadings({ folder }: HeapMeter): Promise<Map<string, HeapReading>> {
  const nowMs = Date.now();
  for (;;) {
    const threads = readdirSync(folder).filter(name => /^\d+$/.test(name));
    const readings = new Map(threads.map(thread => [thread, read(path.join(folder, thread))]));
    const fresh = [...readings.values()].every(({ atMs }) => atMs > nowMs);
    if (threads.length >= 2 && fresh) return readings;
    if (Date.now() > nowMs + TIMEOUT_MS) {
      throw new Error(`no fresh readings of a supervisor and a worker, only of threads [${threads.join(', ')}]`);
    }
    await delay(20);
  }
}

/** Sum of a figure over all threads. */
export function total(readings: ReadonlyMap<string, HeapReading>, figure: 'givenOutBytes' | 'heldBytes'): number {
  return [...readings.values()].reduce((sum, reading) => sum + reading[figure], 0);
}

function read(file: string): HeapReading {
  // Because: the only writer of that file is heap-meter.ts.
  return JSON.parse(readFileSync(file, 'utf8')) as HeapReading;
}
