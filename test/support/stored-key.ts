// A key of acme as a key store has it, with nothing that is only for some keys.

import { hash } from 'node:crypto';
import type { KeyRecord } from '../../src/store/keys/key-record.ts';

export function storedKey(id: string, key: string): KeyRecord {
  return {
    id,
    hash: hash('sha256', key),
    consumer: 'acme',
    tenant: null,
    plan: null,
    groups: [],
    scopes: [],
    routes: null,
    expiresAtMs: null,
    disabled: false,
  };
}
