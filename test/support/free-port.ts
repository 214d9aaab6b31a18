// Ports for servers that cannot bind port 0 themselves.

import { createServer } from 'node:net';

/**
 * Below the range from which Linux takes ports for outgoing connections and for port 0 (32768 and up): such a port is often taken again
 * before the server binds it, when other test files run in parallel. Each process counts through its own block, so that two rarely use the
 * same port.
 */
const FIRST = 10_000;
const BLOCK = 100;
const BLOCKS = 220;

const blockStart = FIRST + (process.pid % BLOCKS) * BLOCK;
let given = 0;

/** A port of 127.0.0.1 that was free a moment ago and that this process has not returned lately. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < BLOCK; tries++) {
    const port = blockStart + (given++ % BLOCK);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${blockStart} on is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
