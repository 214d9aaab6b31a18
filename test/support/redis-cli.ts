// One command of redis-cli to a server of a test, with an end: a paused server accepts and never answers.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const TIMEOUT_MS = 30_000;

/** What it prints. Rejects where it fails or takes too long. */
export async function redisCli(...words: readonly (string | number)[]): Promise<string> {
  return (await execute('redis-cli', words.map(String), { timeout: TIMEOUT_MS })).stdout;
}
