// The backend for uploads: reads a body to its end, then responds with its length. A program of its own, in one thread.

import path from 'node:path';
import { startChild, untilAccepting } from '../../test/support/child.ts';
import { freePort } from '../../test/support/free-port.ts';
import { loadCore, pinned } from '../measure/pinning.ts';
import type { BenchBackend } from './nginx-backend.ts';

/** Starts the backend on the load's core. It needs a Content-Length; any other request gets 501, which the bench counts as a failure. */
export async function startUploadSink(): Promise<BenchBackend> {
  const port = await freePort();
  const program = path.join(import.meta.dirname, '../programs/upload-sink.ts');
  const [command, args] = pinned(loadCore, process.execPath, ['--single-threaded-gc', program, String(port)]);
  const child = await startChild(command, args);
  await untilAccepting(child, port);
  return { port, pid: child.pid, stop: () => child.stop() };
}
