// API keys in PostgreSQL: a table, and a change counter that a trigger maintains, so that changes made by hand count as well.

import type { Sql } from 'postgres';
import type { PostgresStore } from '../postgres/postgres-store.ts';
import { StoreAway } from '../store-away.ts';
import { byConsumerAndId, detailsOf, KeyExists, type KeyRecord, type KeyStore, recordFromRow } from './key-record.ts';

// Because: the function runs with the rights of its owner, so it must find the table whatever the search path of the one who changes keys
// says: a temporary table of the same name would hide his changes from the gateways.
const schema = `
  CREATE TABLE IF NOT EXISTS cardea_keys (
    hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, consumer TEXT NOT NULL, details TEXT NOT NULL DEFAULT '{}'
  );
  CREATE OR REPLACE FUNCTION cardea_keys_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
    $$ BEGIN EXECUTE format('UPDATE %I.cardea_keys_state SET version = version + 1', TG_TABLE_SCHEMA); RETURN NULL; END $$;
  CREATE TABLE IF NOT EXISTS cardea_keys_state (one INTEGER PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL);
  INSERT INTO cardea_keys_state VALUES (1, 0) ON CONFLICT DO NOTHING;
  CREATE OR REPLACE TRIGGER cardea_keys_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON cardea_keys
    FOR EACH STATEMENT EXECUTE FUNCTION cardea_keys_changed();`;

/** The driver queues queries while the server is away; with this many unanswered ones, no further query is sent. */
const UNANSWERED_MAX = 256;
/**
 * When nothing has arrived for this long beyond the time that an answer may take, connections are made anew: a server that was replaced, or
 * a firewall that forgot a connection, ends none, and the system would wait for a quarter of an hour.
 */
const SILENCE_MAX_MS = 2_000;

export class PostgresKeys implements KeyStore {
  private readonly store: PostgresStore;
  /** Queries that the driver still holds, including those that nobody waits for any more. */
  private unanswered = 0;
  /** When the last answer came, or the first query without one was sent. */
  private silentSince = 0;

  constructor(store: PostgresStore) {
    this.store = store;
  }

  async version(): Promise<string> {
    const rows = await this.inTime(sql => sql`SELECT version FROM cardea_keys_state`);
    return String(rows[0]?.['version']);
  }

  async find(hash: string): Promise<KeyRecord | null> {
    const rows = await this.inTime(
      sql => sql`SELECT id, hash, consumer, details FROM cardea_keys WHERE hash = ${hash}`,
    );
    return rows[0] === undefined ? null : recordFromRow(rows[0]);
  }

  async prepare(): Promise<void> {
    const sql = await this.store.sql();
    try {
      await sql.unsafe(schema);
    } catch (error) {
      // Because: a replica, or a user who may only read or change keys, cannot make tables; existing tables are enough.
      const [there] = await sql`SELECT to_regclass('cardea_keys') IS NOT NULL AS keys`;
      if (there?.['keys'] !== true) throw error;
    }
  }

  async add(record: KeyRecord): Promise<void> {
    const { hash, id, consumer } = record;
    const rows = await this.inTime(
      sql => sql`INSERT INTO cardea_keys (hash, id, consumer, details) VALUES (${hash}, ${id}, ${consumer}, ${detailsOf(record)})
        ON CONFLICT DO NOTHING RETURNING id`,
    );
    if (rows.length === 0) throw new KeyExists(id);
  }

  async revoke(id: string): Promise<boolean> {
    const rows = await this.inTime(sql => sql`DELETE FROM cardea_keys WHERE id = ${id} RETURNING id`);
    return rows.length > 0;
  }

  async list(): Promise<readonly KeyRecord[]> {
    const rows = await this.inTime(sql => sql`SELECT id, hash, consumer, details FROM cardea_keys`);
    return rows.map(recordFromRow).sort(byConsumerAndId);
  }

  /** The rows. Rejects with `StoreAway` after `commandTimeoutMs`: the driver itself waits for a connection without limit. */
  private async inTime(ask: (sql: Sql) => Promise<readonly Row[]>): Promise<readonly Row[]> {
    const { name, commandTimeoutMs } = this.store.spec;
    const now = performance.now();
    if (this.unanswered === 0) this.silentSince = now;
    else if (now - this.silentSince > commandTimeoutMs + SILENCE_MAX_MS) {
      this.silentSince = now;
      this.store.renew();
    }
    if (this.unanswered >= UNANSWERED_MAX) throw new StoreAway(name, 'it does not answer');
    this.unanswered++;
    const answer = this.store.sql().then(ask);
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new StoreAway(name, 'it does not answer')), commandTimeoutMs);
    });
    const settled = () => {
      this.unanswered--;
      this.silentSince = performance.now();
    };
    // Also handles a result or error that comes after the timeout, which nobody waits for.
    answer.then(settled, settled);
    try {
      return await Promise.race([answer, tooLong]);
    } finally {
      clearTimeout(timer);
    }
  }
}

type Row = Readonly<Record<string, unknown>>;
