// redis-cli from Debian's package, for tests: what it says on standard output, with an end.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
/** A paused server accepts and never answers. */
const TIMEOUT_MS = 30_000;

export async function redisCli(...words: (string | number)[]): Promise<string> {
  return (await execute('redis-cli', words.map(String), { timeout: TIMEOUT_MS })).stdout;
}
