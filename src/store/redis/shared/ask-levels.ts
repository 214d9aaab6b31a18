// Runs the level script, and brings it along where the server does not have it.

import type { StoreSpec } from '../../store-spec.ts';
import type { RedisClient } from '../redis-client.ts';
import { refusalCode } from '../refusal-code.ts';
import { levelScript, levelSha } from './level-script.ts';

/**
 * What the script gives, or the code by which Redis refuses it, such as `OOM`; null when there is no answer. `gateway` is whose name the roll is called for; empty
 * for no roll. Never rejects.
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
 * What a call names beside the callers, whose keys begin with `keyStart`. In a cluster two keys that are never there, in the slot of theirs: while it moves to
 * another server, a call with one missing key is taken there, and would make callers' keys that are still to come from the other server, which then cannot move
 * them. A call with two is refused (TRYAGAIN) until the slot has moved.
 */
export function levelKeys(keyStart: string, kind: StoreSpec['kind']): string[] {
  return kind === 'redisCluster' ? [keyStart, `${keyStart}-`] : [keyStart];
}
