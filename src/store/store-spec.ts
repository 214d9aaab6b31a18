// The settings of a named store. Shape only; `StoreConfig` in src/config/store-config.ts is equal and describes the fields.

/** A type and not an interface, so that it can be the spec of a feed. Holds the password: never log it, never show it. */
export type StoreSpec = {
  readonly name: string;
  readonly kind: 'redis' | 'redisCluster' | 'postgres' | 'sqlite';
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly sentinel?: { readonly master: string; readonly username: string; readonly password: string };
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
