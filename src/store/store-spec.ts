// What is known of a named store before it is opened. Shape only; see `StoreConfig` in src/config/store-config.ts, to which it is equal.

/** A type, so that it can be the spec of a feed. Holds the password: never logged, never shown. */
export type StoreSpec = {
  readonly name: string;
  readonly kind: 'redis' | 'redisCluster' | 'postgres' | 'sqlite';
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  readonly ca: string;
  readonly authorities?: string;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  readonly path: string;
  readonly keyPrefix: string;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
};
