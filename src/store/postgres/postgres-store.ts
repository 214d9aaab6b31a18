// A PostgreSQL database: a small pool of connections, made when the first query needs it. Not for each request.

import type { Sql } from 'postgres';
import { Holds } from '../holds.ts';
import { StoreAway } from '../store-away.ts';
import type { StoreSpec } from '../store-spec.ts';

const CONNECTIONS_MAX = 4;
const IDLE_SECONDS = 60;
const RECONNECT_SECONDS_MAX = 2;
const CLOSE_SECONDS = 1;

export class PostgresStore {
  readonly kind = 'postgres';
  readonly spec: StoreSpec;
  readonly holds = new Holds();
  private pool: Promise<Sql> | null = null;
  private closed = false;
  private readonly closing = new Set<() => Promise<void>>();

  constructor(spec: StoreSpec) {
    this.spec = spec;
  }

  /**
   * The pool, for tagged queries: `const sql = await store.sql(); await sql\`select ...\``. Queries reject with the driver's errors,
   * which do not contain the password.
   */
  sql(): Promise<Sql> {
    if (this.closed) return Promise.reject(new StoreAway(this.spec.name, 'it was closed'));
    this.pool ??= makePool(this.spec);
    return this.pool;
  }

  /** Gives up all connections, on which nothing arrives any more, and fails their queries. The next query makes new ones. */
  renew(): void {
    const { pool } = this;
    this.pool = null;
    void pool?.then(sql => sql.end({ timeout: 0 })).catch(() => {});
  }

  /** Makes the first connection. Never rejects: the next query reports the failure. */
  async open(): Promise<void> {
    try {
      const sql = await this.sql();
      await sql`select 1`;
    } catch {
      // Because: users of the store learn from their own queries that it is away.
    }
  }

  /** Registers what has to be written before the connections are closed. */
  onClose(last: () => Promise<void>): void {
    this.closing.add(last);
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.closing].map(last => last()));
    this.closed = true;
    const { pool } = this;
    this.pool = null;
    if (pool !== null) await (await pool).end({ timeout: CLOSE_SECONDS });
  }
}

async function makePool(spec: StoreSpec): Promise<Sql> {
  const { default: postgres } = await import('postgres');
  const [node] = spec.nodes;
  return postgres({
    host: node?.host ?? '127.0.0.1',
    port: node?.port ?? 5432,
    database: spec.database,
    ...(spec.username !== '' && { username: spec.username }),
    ...(spec.password !== '' && { password: spec.password }),
    ssl: spec.tls && { rejectUnauthorized: true, ...(spec.authorities !== undefined && { ca: spec.authorities }) },
    max: CONNECTIONS_MAX,
    idle_timeout: IDLE_SECONDS,
    connect_timeout: Math.max(1, Math.ceil(spec.connectTimeoutMs / 1_000)),
    backoff: attempts => Math.min(RECONNECT_SECONDS_MAX, 0.05 * 2 ** attempts),
    // A pooler that changes server connections between transactions (PgBouncer) knows no named statements, or pins clients that use them.
    prepare: false,
    connection: { application_name: 'cardea' },
    // Notices of the server belong in its own log.
    onnotice: () => {},
  });
}
