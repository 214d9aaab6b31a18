// Runs the level script, and brings it along where the server does not have it.

import type { RedisClient } from '../redis-client.ts';
import { levelScript, levelSha } from './level-script.ts';

/** What the script gives; null when there is no such answer. Never rejects. */
export function askLevels(
  client: RedisClient,
  keys: readonly string[],
  message: Buffer,
  gateway: string,
): Promise<Buffer | null> {
  return client
    .callBuffer('EVALSHA', levelSha, keys.length, ...keys, message, gateway)
    .then(bytesOf, (error: unknown) => {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) return null;
      return client.callBuffer('EVAL', levelScript, keys.length, ...keys, message, gateway).then(bytesOf, () => null);
    });
}

function bytesOf(reply: unknown): Buffer | null {
  return Buffer.isBuffer(reply) ? reply : null;
}
