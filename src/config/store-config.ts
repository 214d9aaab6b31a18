// A store as checked: where it is, and its timeouts. Shape only.

export type StoreKind = 'redis' | 'redisCluster' | 'postgres' | 'sqlite';

/** What is said of Sentinels besides where they are. A type and not an interface for the same reason as `StoreConfig`. */
export type SentinelConfig = {
  /** The name of the master, as the Sentinels call it. */
  readonly master: string;
  /** For logging in to the Sentinels, which have passwords of their own. Empty for none. */
  readonly username: string;
  readonly password: string;
};

/** A server or file that keeps what gateways share. A type and not an interface, so that it can be the spec of a feed. */
export type StoreConfig = {
  readonly name: string;
  readonly kind: StoreKind;
  /** One server; for a cluster, several servers that know the others; the Sentinels where there are any; none for a file. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Only of a Redis whose Sentinels say which server is the master. */
  readonly sentinel?: SentinelConfig;
  readonly tls: boolean;
  /** Path of a PEM file with the trusted authorities; empty for those that come with Node.js. */
  readonly ca: string;
  /** Content of the `ca` file as it was checked. Another content makes another store, so that a replaced file is put to use. */
  readonly authorities?: string;
  /** Empty when the URL names none. */
  readonly username: string;
  readonly password: string;
  /** The number of a Redis database, the name of a PostgreSQL database, empty for a file. */
  readonly database: string;
  /** Path of the SQLite file; empty for servers. */
  readonly path: string;
  /** Prefix of every key. */
  readonly keyPrefix: string;
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
};
