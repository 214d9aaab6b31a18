// The contract of answer shelves, for memory, a real Redis and a SQLite file alike: who finds an answer, how many are kept, and what
// becomes of an answer whose worker is gone.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { settlesAtOnce } from '../../../test/support/at-once.ts';
import { type RedisServer, startRedis } from '../../../test/support/redis.ts';
import { redisSpec, storeSpec } from '../../../test/support/store-spec.ts';
import { answerTableBytes } from '../answer-table.ts';
import { PostgresStore } from '../postgres/postgres-store.ts';
import { RedisStore } from '../redis/redis-store.ts';
import { SqliteStore } from '../sqlite/sqlite-store.ts';
import { StoreAway } from '../store-away.ts';
import { type AnswerShelf, type AnswerTicket, SILENCE_SECONDS_MAX } from './answer-shelf.ts';
import { answersIn } from './answers-in.ts';
import { MemoryAnswers } from './memory-answers.ts';
import { openAnswer, sealAnswer } from './sealed-answer.ts';

const room = { answerBytesMax: 1024, memoryBytes: 8 * 1024 };

function ticket(): AnswerTicket {
  return { digest: randomBytes(16), sealKey: randomBytes(32) };
}

async function redisShelf(t: TestContext): Promise<{ redis: RedisServer; store: RedisStore; shelf: AnswerShelf }> {
  const redis = await startRedis();
  const store = new RedisStore(redisSpec(redis.port));
  t.after(async () => {
    await store.close();
    await redis.stop();
  });
  await store.open();
  return { redis, store, shelf: answersIn(store, room)! };
}

function sqliteShelf(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-answers-'));
  const file = path.join(folder, 'state.db');
  const open = () => {
    const store = new SqliteStore(storeSpec({ kind: 'sqlite', path: file }));
    t.after(() => store.close());
    return { store, shelf: answersIn(store, room)! };
  };
  t.after(() => rmSync(folder, { recursive: true }));
  return { file, open, ...open() };
}

const kinds: Readonly<Record<string, (t: TestContext) => Promise<AnswerShelf>>> = {
  memory: async () => {
    const memory = new SharedArrayBuffer(answerTableBytes(room.memoryBytes, room.answerBytesMax));
    return new MemoryAnswers(memory, room.answerBytesMax);
  },
  redis: async t => (await redisShelf(t)).shelf,
  sqlite: async t => sqliteShelf(t).shelf,
};

for (const [kind, make] of Object.entries(kinds)) {
  test(`${kind}: pending, then the very bytes, for whoever has the ticket`, async t => {
    const shelf = await make(t);
    const mine = ticket();
    assert.deepEqual(await shelf.find(mine, 60), { kind: 'unknown' });
    const expected = (await shelf.expect(mine, 60))!;
    assert.deepEqual(await shelf.find(mine, 60), { kind: 'pending' });
    await expected.renew();
    const answer = randomBytes(1024);
    assert.equal(await expected.keep(answer), true);
    for (let n = 0; n < 2; n++) assert.deepEqual(await shelf.find(mine, 60), { kind: 'kept', answer });
    assert.deepEqual(await shelf.find(ticket(), 60), { kind: 'unknown' });
    // A late renewal does not change an answer that is already kept.
    await expected.renew();
    assert.equal((await shelf.find(mine, 60)).kind, 'kept');
  });

  test(`${kind}: what is too large is told, what nobody was told of is forgotten`, async t => {
    const shelf = await make(t);
    const large = ticket();
    await (await shelf.expect(large, 60))!.keep(randomBytes(1025));
    assert.deepEqual(await shelf.find(large, 60), { kind: 'notKept' });
    const none = ticket();
    await (await shelf.expect(none, 60))!.keep(null);
    assert.deepEqual(await shelf.find(none, 60), { kind: 'notKept' });
    const given = ticket();
    await (await shelf.expect(given, 60))!.forget();
    assert.notEqual((await shelf.find(given, 60)).kind, 'pending');
  });

  test(`${kind}: what waits is never dropped, what is kept makes room, and all of it is gone after its time`, async t => {
    const shelf = await make(t);
    const waiting = [];
    for (let n = 0; n < 100; n++) {
      const each = ticket();
      const expected = await shelf.expect(each, 60);
      if (expected === null) break;
      waiting.push({ each, expected });
    }
    assert.equal(waiting.length, 8);
    assert.equal(await shelf.expect(ticket(), 60), null);
    for (const { each } of waiting) assert.equal((await shelf.find(each, 60)).kind, 'pending');
    for (const { expected } of waiting) await expected.keep(Buffer.from('done'));
    const next = ticket();
    const last = await shelf.expect(next, 1);
    assert.notEqual(last, null);
    const left = await Promise.all(waiting.map(async ({ each }) => (await shelf.find(each, 60)).kind));
    assert.equal(left.filter(state => state === 'kept').length, waiting.length - 1);
    assert.equal(await last!.keep(Buffer.from('short')), true);
    const end = performance.now() + 10_000;
    while ((await shelf.find(next, 1)).kind === 'kept') {
      assert.ok(performance.now() < end);
      await delay(20);
    }
    assert.match((await shelf.find(next, 1)).kind, /unknown|gone/);
  });
}

/** Stops both clocks, the calendar's and the monotonic one. Returns a function that moves them on by seconds. */
function heldTime(t: TestContext): (seconds: number) => void {
  const [started, rest] = process.hrtime();
  let passed = 0;
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  t.mock.method(process, 'hrtime', () => [started + passed, rest]);
  return seconds => {
    passed += seconds;
    t.mock.timers.tick(seconds * 1_000);
  };
}

test('memory: a clock that is set, or leaps, takes nobody for gone', async t => {
  const shelf = await kinds['memory']!(t);
  const mine = ticket();
  const expected = (await shelf.expect(mine, 2))!;
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 86_400_000 });
  assert.equal((await shelf.find(mine, 2)).kind, 'pending');
  assert.equal(await expected.keep(Buffer.from('done')), true);
  assert.equal((await shelf.find(mine, 2)).kind, 'kept');
});

for (const kind of ['memory', 'sqlite']) {
  test(`${kind}: what is awaited for longer than answers are kept is pending all the while`, async t => {
    const shelf = await kinds[kind]!(t);
    const mine = ticket();
    const pass = heldTime(t);
    const expected = (await shelf.expect(mine, 2))!;
    for (let n = 0; n < 4; n++) {
      pass(SILENCE_SECONDS_MAX - 1);
      assert.equal((await shelf.find(mine, 2)).kind, 'pending');
      await expected.renew();
    }
    assert.equal(await expected.keep(Buffer.from('late')), true);
    assert.equal((await shelf.find(mine, 2)).kind, 'kept');
    pass(3);
    assert.match((await shelf.find(mine, 2)).kind, /unknown|gone/);
  });
}

test('redis: what is awaited for longer than answers are kept is pending all the while', async t => {
  const { shelf } = await redisShelf(t);
  const mine = ticket();
  const expected = (await shelf.expect(mine, 1))!;
  await delay(2_200);
  assert.equal((await shelf.find(mine, 1)).kind, 'pending');
  await expected.renew();
  assert.equal((await shelf.find(mine, 1)).kind, 'pending');
  assert.equal(await expected.keep(Buffer.from('late')), true);
  assert.equal((await shelf.find(mine, 1)).kind, 'kept');
});

test('redis: bounded over all gateways, and not a byte of an answer or of a ticket can be read in it', async t => {
  const { redis, store, shelf } = await redisShelf(t);
  const other = new RedisStore(redisSpec(redis.port));
  t.after(() => other.close());
  const elsewhere = answersIn(other, room)!;
  const tickets = Array.from({ length: 8 }, ticket);
  for (const [at, each] of tickets.entries()) {
    assert.notEqual(await (at % 2 === 0 ? shelf : elsewhere).expect(each, 60), null);
  }
  assert.equal(await shelf.expect(ticket(), 60), null);
  assert.equal(await elsewhere.expect(ticket(), 60), null);
  // A shelf with other limits has its own room, which is not full.
  const text = 'the very secret report';
  const apart = answersIn(store, { ...room, answerBytesMax: 512 })!;
  const mine = ticket();
  const expected = (await apart.expect(mine, 60))!;
  await expected.keep(Buffer.from(text));
  assert.equal((await answersIn(other, room)!.find(mine, 60)).kind, 'kept');
  const keys = await store.command('KEYS', '*');
  assert.ok(Array.isArray(keys) && keys.length > 9);
  const raw = await store.commandForBytes(0, 'HGETALL', store.key(`{answers}:${mine.digest.toString('hex')}`));
  assert.ok(Array.isArray(raw));
  assert.ok(!Buffer.concat(raw).includes('secret') && !String(keys).includes(mine.sealKey.toString('hex')));
  // Every key has an expiry.
  for (const key of keys) assert.ok(Number(await store.command('TTL', key)) > 0, String(key));
});

test('redis: it forgets everything, and what is still awaited is there again; what it lost of silence is told when silence counts', async t => {
  const { redis, store, shelf } = await redisShelf(t);
  const mine = ticket();
  const expected = (await shelf.expect(mine, 60))!;
  await store.command('FLUSHALL');
  assert.equal((await shelf.find(mine, 60)).kind, 'unknown');
  await expected.renew();
  assert.equal((await shelf.find(mine, 60)).kind, 'pending');
  await store.command('FLUSHALL');
  assert.equal(await expected.keep(Buffer.from('late')), true);
  assert.equal((await shelf.find(mine, 60)).kind, 'kept');

  const silent = ticket();
  const gone = (await shelf.expect(silent, 60))!;
  const key = store.key(`{answers}:${silent.digest.toString('hex')}`);
  await store.command('HSET', key, 'h', '1000');
  assert.equal((await shelf.find(silent, 60)).kind, 'pending', 'this gateway has seen Redis for too short a time');
  t.mock.method(performance, 'now', () => 1e9);
  assert.deepEqual(await shelf.find(silent, 60), { kind: 'lost', isFirstToKnow: true });
  assert.deepEqual(await shelf.find(silent, 60), { kind: 'lost', isFirstToKnow: false });
  assert.equal(await gone.keep(Buffer.from('too late')), false);
  t.mock.restoreAll();

  redis.pause();
  await assert.rejects(async () => shelf.find(mine, 60), StoreAway);
  const second = (async () => shelf.find(mine, 60))();
  assert.ok(await settlesAtOnce(second), 'at once while it is known to be away');
  await assert.rejects(second, StoreAway);
  redis.resume();
});

test('sqlite: it outlives the process that wrote; who waited and is gone is told as lost; a lock is waited for beside the loop', async t => {
  const { file, open, store, shelf } = sqliteShelf(t);
  const [kept, silent] = [ticket(), ticket()];
  await (await shelf.expect(kept, 60))!.keep(Buffer.from('a quiet word'));
  await shelf.expect(silent, 60);
  await store.close();
  await assert.rejects(async () => shelf.find(kept, 60), StoreAway);
  assert.ok(!readFileSync(file).includes('quiet'));

  const { shelf: next } = open();
  assert.deepEqual(await next.find(kept, 60), { kind: 'kept', answer: Buffer.from('a quiet word') });
  assert.equal((await next.find(silent, 60)).kind, 'pending');
  const database = new DatabaseSync(file);
  t.after(() => database.close());
  database.exec("UPDATE cardea_answers SET heard = 1000 WHERE state = 'w'");
  assert.deepEqual(await next.find(silent, 60), { kind: 'lost', isFirstToKnow: true });
  assert.deepEqual(await next.find(silent, 60), { kind: 'lost', isFirstToKnow: false });

  database.exec('BEGIN IMMEDIATE');
  let turns = 0;
  const turning = setInterval(() => turns++, 1);
  const asked = next.expect(ticket(), 60);
  assert.ok(asked instanceof Promise);
  await assert.rejects(asked, StoreAway);
  assert.ok(turns > 3, 'the loop went on');
  const again = next.expect(ticket(), 60);
  database.exec('COMMIT');
  assert.notEqual(await again, null);
  clearInterval(turning);
});

test('postgres keeps none', () => {
  assert.equal(answersIn(new PostgresStore(storeSpec({ kind: 'postgres' })), room), null);
});

test('an answer opens with its own key alone, and not when a bit of it was changed', () => {
  const [key, other] = [randomBytes(32), randomBytes(32)];
  const sealed = sealAnswer(key, Buffer.from('answer'));
  assert.deepEqual(openAnswer(key, sealed), Buffer.from('answer'));
  assert.equal(openAnswer(other, sealed), null);
  assert.equal(openAnswer(key, sealed.subarray(0, 20)), null);
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed);
    changed[at]! ^= 1;
    assert.equal(openAnswer(key, changed), null);
  }
});
