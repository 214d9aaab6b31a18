// Store specs for tests, with the defaults of the configuration.

import type { StoreSpec } from '../../src/store/store-spec.ts';

export function storeSpec(changes: Partial<StoreSpec>): StoreSpec {
  return {
    name: 'main',
    kind: 'redis',
    nodes: [],
    tls: false,
    ca: '',
    username: '',
    password: '',
    database: '0',
    path: '',
    keyPrefix: 'cardea:',
    connectTimeoutMs: 1_000,
    commandTimeoutMs: 250,
    ...changes,
  };
}

/** A PostgreSQL that has more time than in the configuration: it is just starting, on a machine that is busy with tests. */
export function postgresSpec(port: number, changes: Partial<StoreSpec> = {}): StoreSpec {
  return storeSpec({
    kind: 'postgres',
    nodes: [{ host: '127.0.0.1', port }],
    username: 'cardea',
    database: 'postgres',
    commandTimeoutMs: 5_000,
    ...changes,
  });
}

export function redisSpec(port: number, changes: Partial<StoreSpec> = {}): StoreSpec {
  return storeSpec({ nodes: [{ host: '127.0.0.1', port }], ...changes });
}
