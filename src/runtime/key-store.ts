// The key store of a configuration, for the command line: opened for one command and closed after it.

import { hash, randomBytes } from 'node:crypto';
import { specOf } from '../compile/store-specs.ts';
import type { Config } from '../config/config.ts';
import type { KeyRecord, KeyStore } from '../store/keys/key-record.ts';
import { keyStoreIn } from '../store/keys/key-store.ts';
import { makeStore } from '../store/store.ts';
import { StoreAway } from '../store/store-away.ts';

/** A new key. `key` is shown once; the gateway keeps only `hash`, SHA-256 in hexadecimal. */
export interface FreshKey {
  readonly key: string;
  readonly hash: string;
}

/** 256 random bits after a prefix by which scanners for leaked secrets recognise the key. */
export function makeKey(): FreshKey {
  const key = `ck_${randomBytes(32).toString('base64url')}`;
  return { key, hash: hash('sha256', key, 'hex') };
}

export type { KeyRecord };

/** A store that takes longer to answer counts as unavailable, whatever its `commandTimeout` for requests. */
const COMMAND_TIMEOUT_MS = 5_000;

/** Throws a `TypeError` for an unknown store name, and a `StoreAway` with the store's error when the store cannot be used. */
export async function withKeyStore<Result>(
  config: Config,
  name: string,
  use: (keys: KeyStore) => Promise<Result>,
): Promise<Result> {
  const store = makeStore({ ...specOf(config.stores, name), commandTimeoutMs: COMMAND_TIMEOUT_MS });
  try {
    const keys = keyStoreIn(store);
    await keys.prepare().catch(error => {
      throw StoreAway.from(error, name);
    });
    return await use(keys);
  } finally {
    await store.close();
  }
}
