// Runs one redis-cli command against a test's server, with a timeout: a paused server accepts connections but never answers.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const TIMEOUT_MS = 30_000;

/** Resolves with the output. Rejects when the command fails or takes too long. */
export async function redisCli(...words: readonly (string | number)[]): Promise<string> {
  return (await execute('redis-cli', words.map(String), { timeout: TIMEOUT_MS })).stdout;
}
