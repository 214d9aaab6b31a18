// A store as checked: where it is, and how long it may take. Shape only.

export type StoreKind = 'redis' | 'redisCluster' | 'postgres' | 'sqlite';

/** A server or file that keeps what gateways share. A type, so that it can be the spec of a feed. */
export type StoreConfig = {
  readonly name: string;
  readonly kind: StoreKind;
  /** One server; several that know the others for a cluster; none for a file. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  /** Path of a PEM file; empty for the system's list. */
  readonly ca: string;
  /** What stands in that file, as it was checked: another text is another store, so that a file that is replaced is put to use. */
  readonly authorities?: string;
  /** Empty when the URL names none. */
  readonly username: string;
  readonly password: string;
  /** A number for Redis, a name for PostgreSQL, empty for a file. */
  readonly database: string;
  /** Of the SQLite file; empty for servers. */
  readonly path: string;
  /** What every key begins with. */
  readonly keyPrefix: string;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
};
