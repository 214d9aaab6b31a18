// An upstream's `discover` as every later stage sees it. Shapes only; the schema is in discover-schema.ts.

export type DiscoverConfig =
  | ({ readonly kind: 'dns' | 'srv' } & DnsDiscoverConfig)
  /** The path is absolute once a document is loaded. */
  | { readonly kind: 'file'; readonly path: string };

export interface DnsDiscoverConfig {
  readonly name: string;
  /** Port of every endpoint; 0 when the records contain the port. */
  readonly port: number;
  readonly tls: boolean;
  readonly family: 'auto' | 'ipv4' | 'ipv6' | 'all';
  /** DNS servers as `[host, port]`; empty takes the machine's own. */
  readonly servers: readonly (readonly [string, number])[];
  readonly timeoutMs: number;
  /** Bounds of the time between two lookups. */
  readonly keptMinMs: number;
  readonly keptMaxMs: number;
}
