// Ports for servers that cannot bind port 0 themselves.

import { createServer } from 'node:net';

/**
 * Below those that Linux gives to outgoing connections and to port 0 (32768 and up): one of these is gone again by the time that a server binds it,
 * when other test files run beside this one. Each process counts through a block of its own, so that two seldom name the same.
 */
const FIRST = 10_000;
const BLOCK = 100;
const BLOCKS = 220;

const blockStart = FIRST + (process.pid % BLOCKS) * BLOCK;
let given = 0;

/** A port on 127.0.0.1 that was free a moment ago, and that this process has not named lately. */
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
