// Waits for a server of a cluster that does not answer: asks for a key that it has, until it answers, or the server that took over.

import type { Cluster } from 'ioredis';
import { keySlot } from './key-slot.ts';
import type { RedisClient } from './redis-client.ts';
import { refusalCode } from './refusal-code.ts';
import { lookUntilBack, type ReturnWatch } from './return-watch.ts';
import { serverNamed, serverOf } from './slot-servers.ts';

/** A question that cannot be sent makes the driver look at the map of slots. */
const PROBE_EVERY_MS = 100;
/** A connection on which nothing arrives for this long is made anew, since the other side may be gone without notice. */
const SILENCE_MAX_MS = 1_000;

/** The name of the server that has this key now, as far as the driver knows; empty for a server that stands alone. */
export function serverOfKey(client: RedisClient | null, key: string | Buffer): string {
  // Because: slots are computed from bytes.
  return serverOf(client, keySlot(Buffer.from(key).toString('latin1')));
}

/** Calls `onBack` once: also when another server has the key. */
export function watchKeyForReturn(client: Cluster, key: string | Buffer, onBack: () => void): ReturnWatch {
  const name = serverOfKey(client, key);
  let askedAt = 0;
  const look = (back: () => void) => {
    if (serverOfKey(client, key) !== name) return back();
    const now = performance.now();
    if (askedAt === 0) {
      askedAt = now;
      // The driver follows the slot to another server. A refusal is an answer, too.
      client.exists(key).then(back, (error: unknown) => {
        askedAt = 0;
        if (refusalCode(error) !== null) back();
      });
      return;
    }
    const connection = serverNamed(client, name);
    if (connection?.status !== 'ready' || now - askedAt < SILENCE_MAX_MS) return;
    askedAt = now;
    connection.disconnect(true);
  };
  return lookUntilBack(PROBE_EVERY_MS, look, onBack);
}
