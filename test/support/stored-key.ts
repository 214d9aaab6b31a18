// A key of the consumer acme as a key store holds it, without any optional restrictions.

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
