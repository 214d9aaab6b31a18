// Whether a Redis of a configuration answers, for the command line: asked once, and the connection closed after it.

import { RedisStore } from '../store/redis/redis-store.ts';
import { reasonOf } from '../store/store-away.ts';
import type { StoreSpec } from '../store/store-spec.ts';

/** Null when Redis answers, otherwise the reason. */
export async function whyAway(spec: StoreSpec): Promise<string | null> {
  const store = new RedisStore(spec);
  try {
    await store.command('PING');
    return null;
  } catch (error) {
    return reasonOf(error);
  } finally {
    await store.close();
  }
}
