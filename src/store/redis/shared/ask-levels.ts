// Runs the level script, and sends its text to a server that does not have it.

import type { StoreSpec } from '../../store-spec.ts';
import type { RedisClient } from '../redis-client.ts';
import { refusalCode } from '../refusal-code.ts';
import { levelScript, levelSha } from './level-script.ts';

/**
 * Resolves with the script's answer, with the code by which Redis refuses it, such as `OOM`, or with null when there is no answer.
 * `gateway` is the gateway for which the roll is called; empty for no roll. Never rejects.
 */
export function askLevels(
  client: RedisClient,
  keys: readonly string[],
  message: Buffer,
  gateway: string,
): Promise<Buffer | string | null> {
  return client
    .callBuffer('EVALSHA', levelSha, keys.length, ...keys, message, gateway)
    .then(bytesOf, (error: unknown) => {
      const code = refusalCode(error);
      if (code !== 'NOSCRIPT') return code;
      return client.callBuffer('EVAL', levelScript, keys.length, ...keys, message, gateway).then(bytesOf, refusalCode);
    });
}

function bytesOf(reply: unknown): Buffer | null {
  return Buffer.isBuffer(reply) ? reply : null;
}

/**
 * The KEYS of a call. The callers' keys, which begin with `keyStart`, are not listed. In a cluster these are two keys of the same slot that
 * never exist: while the slot moves, a call with one missing key runs at the new server, and would create callers' keys there that are
 * still to be moved, so that the old server could not move them. A call with two is refused (TRYAGAIN) until the slot has moved.
 */
export function levelKeys(keyStart: string, kind: StoreSpec['kind']): string[] {
  return kind === 'redisCluster' ? [keyStart, `${keyStart}-`] : [keyStart];
}
