// Answers in a SQLite file, for the gateway of one machine: they survive its restart. Answers are sealed before they are stored. While
// another process writes to the file, a query is retried a few milliseconds later: the event loop never waits for a lock.

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { OwnConnection } from '../sqlite/own-connection.ts';
import type { SqliteStore } from '../sqlite/sqlite-store.ts';
import {
  type AnswerShelf,
  type AnswerTicket,
  awaitedSeconds,
  type ExpectedAnswer,
  type FoundAnswer,
  placesOf,
  poolOf,
  type ShelfSpec,
  SILENCE_SECONDS_MAX,
  type SoonerOrLater,
} from './answer-shelf.ts';
import { openAnswer, sealAnswer } from './sealed-answer.ts';

const schema = `
  CREATE TABLE IF NOT EXISTS cardea_answers (
    digest BLOB PRIMARY KEY, pool TEXT NOT NULL, state TEXT NOT NULL, heard INTEGER NOT NULL, expires INTEGER NOT NULL, bytes BLOB
  );
  CREATE INDEX IF NOT EXISTS cardea_answers_expiry ON cardea_answers (pool, expires);`;

type Row = Record<string, SQLOutputValue> | undefined;

export class SqliteAnswers implements AnswerShelf {
  private readonly store: SqliteStore;
  private readonly spec: ShelfSpec;
  private readonly pool: string;
  private readonly connection: OwnConnection;

  constructor(store: SqliteStore, spec: ShelfSpec) {
    this.store = store;
    this.spec = spec;
    this.pool = poolOf(spec);
    this.connection = new OwnConnection(store, database => database.exec(schema));
  }

  expect(ticket: AnswerTicket, keepSeconds: number): SoonerOrLater<ExpectedAnswer | null> {
    const { digest, sealKey } = ticket;
    const handle: ExpectedAnswer = {
      renew: () =>
        this.write(database => {
          const now = nowSeconds();
          const renew = database.prepare(
            "UPDATE cardea_answers SET heard = ?, expires = ? WHERE digest = ? AND state = 'w'",
          );
          renew.run(now + SILENCE_SECONDS_MAX, now + awaitedSeconds(keepSeconds), digest);
        }),
      keep: answer => {
        const isKept = answer !== null && answer.length <= this.spec.answerBytesMax;
        const bytes = isKept ? sealAnswer(sealKey, answer) : null;
        return this.write(database => {
          const keep = database.prepare(
            "UPDATE cardea_answers SET state = ?, bytes = ?, expires = ? WHERE digest = ? AND state = 'w'",
          );
          return Number(keep.run(isKept ? 'k' : 'n', bytes, nowSeconds() + keepSeconds, digest).changes) === 1;
        });
      },
      forget: () =>
        this.write(database => {
          database.prepare("DELETE FROM cardea_answers WHERE digest = ? AND state = 'w'").run(digest);
        }),
    };
    return this.write(database => (this.makePlace(database, digest, keepSeconds) ? handle : null));
  }

  find({ digest, sealKey }: AnswerTicket, keepSeconds: number): SoonerOrLater<FoundAnswer> {
    return this.connection.ask(database => {
      const now = nowSeconds();
      const row = database
        .prepare('SELECT state, heard, expires, bytes FROM cardea_answers WHERE digest = ?')
        .get(digest);
      if (row === undefined) return { kind: 'unknown' };
      if (Number(row['expires']) <= now) return { kind: 'gone' };
      const { state, bytes } = row;
      if (state === 'n') return { kind: 'notKept' };
      if (state === 'l') return { kind: 'lost', isFirstToKnow: false };
      if (state === 'k') {
        const answer = bytes instanceof Uint8Array ? openAnswer(sealKey, Buffer.from(bytes)) : null;
        return answer === null ? { kind: 'unknown' } : { kind: 'kept', answer };
      }
      if (Number(row['heard']) >= now) return { kind: 'pending' };
      const giveUp = database.prepare(
        "UPDATE cardea_answers SET state = 'l', expires = ? WHERE digest = ? AND state = 'w' AND heard < ?",
      );
      return { kind: 'lost', isFirstToKnow: Number(giveUp.run(now + keepSeconds, digest, now).changes) === 1 };
    });
  }

  hold(): () => void {
    return this.store.holds.hold();
  }

  /** Enters an awaited answer, dropping another answer if need be. False when every place is taken by an answer that is still awaited. */
  private makePlace(database: DatabaseSync, digest: Buffer, keepSeconds: number): boolean {
    const now = nowSeconds();
    database.prepare('DELETE FROM cardea_answers WHERE pool = ? AND expires <= ?').run(this.pool, now);
    const taken: Row = database.prepare('SELECT count(*) AS taken FROM cardea_answers WHERE pool = ?').get(this.pool);
    if (Number(taken?.['taken']) >= placesOf(this.spec)) {
      const oldest = database.prepare(
        `DELETE FROM cardea_answers WHERE digest = (SELECT digest FROM cardea_answers
           WHERE pool = ? AND (state <> 'w' OR heard + 60 < ?) ORDER BY state = 'w', expires LIMIT 1)`,
      );
      if (Number(oldest.run(this.pool, now).changes) === 0) return false;
    }
    database
      .prepare("INSERT INTO cardea_answers (digest, pool, state, heard, expires) VALUES (?, ?, 'w', ?, ?)")
      .run(digest, this.pool, now + SILENCE_SECONDS_MAX, now + awaitedSeconds(keepSeconds));
    return true;
  }

  private write<Value>(act: (database: DatabaseSync) => Value): SoonerOrLater<Value> {
    return this.connection.ask(database => {
      database.exec('BEGIN IMMEDIATE');
      try {
        const value = act(database);
        database.exec('COMMIT');
        return value;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    });
  }
}

/** Seconds since 1970: other gateways, and this one after a restart, compare with the stored times. */
function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}
