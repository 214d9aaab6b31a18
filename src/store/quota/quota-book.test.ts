// What a worker knows of quotas, against a ledger of the test: each use is reported once, and the number of keys in memory is bounded.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { QuotaBook, type QuotaLine } from './quota-book.ts';
import type { LedgerEntry } from './quota-ledger.ts';

const events = { reported: () => {}, away: () => {} };
const never = Number.MAX_SAFE_INTEGER;

test('of callers that are reported together, only those that failed are reported again', async () => {
  const kept = new Map<string, number>();
  const broken = new Set(['b']);
  const add = async (entries: readonly LedgerEntry[]) =>
    entries.map(({ key, units }) => {
      if (broken.has(key)) return null;
      kept.set(key, (kept.get(key) ?? 0) + units);
      return kept.get(key)!;
    });
  const book = new QuotaBook({ add }, events);
  for (const key of ['a', 'b', 'c']) book.use(book.line(key, never), 2, 100);
  for (let n = 0; n < 3; n++) await book.report();
  assert.deepEqual([...kept], [['a', 2], ['c', 2]]); // biome-ignore format: pairs
  assert.equal(book.isAway(book.line('a', never)), true);
  broken.clear();
  await book.report();
  assert.equal(kept.get('b'), 2);
  assert.equal(book.isAway(book.line('a', never)), false);
});

test('a part that is away is away by itself: callers of the others are asked for as ever, however many of its callers wait', async () => {
  const down = new Set(['a']);
  const told: (string | null)[] = [];
  const sums = new Map<string, number>();
  let servers = ['a', 'b'];
  const partOf = (key: string) => servers.find(server => key.startsWith(server)) ?? servers[0]!;
  const add = async (entries: readonly LedgerEntry[]) => {
    if (entries.every(({ key }) => down.has(partOf(key)))) throw new Error('away');
    return entries.map(({ key, units }) => {
      if (down.has(partOf(key))) return null;
      sums.set(key, (sums.get(key) ?? 0) + units);
      return sums.get(key)!;
    });
  };
  const book = new QuotaBook({ add, partOf }, { reported: () => {}, away: reason => void told.push(reason) });
  const [its, other] = [book.line('a', never), book.line('b', never)];
  await book.ask(its);
  assert.deepEqual([its.isKnown, book.isAway(its), book.isAway(other)], [false, true, false]);
  // More than fit into one call, and all before the caller of the part that answers.
  for (let n = 0; n < 600; n++) book.use(book.line(`a${n}`, never), 1, 100_000);
  await book.ask(other);
  assert.deepEqual([other.isKnown, book.isAway(its), book.isAway(other)], [true, true, false]);
  book.use(other, 90, 100);
  await book.report();
  assert.equal(sums.get('b'), 90);
  other.heardAt = -Infinity;
  assert.equal(book.isDoubtful(other, 1, 100), true);
  assert.equal(told.length, 1);
  assert.match(told[0]!, /^a part of it: /);
  down.clear();
  await book.ask(its);
  assert.deepEqual([its.isKnown, book.isAway(its), sums.get('a599')], [true, false, 1]);
  assert.deepEqual(told.slice(1), [null]);
  // A server that is gone for good is away no more when another one has its keys.
  down.add('a');
  book.use(its, 1, 100_000);
  await book.report();
  assert.equal(book.isAway(its), true);
  servers = ['b'];
  assert.equal(book.isAway(its), false);
  await book.report();
  assert.equal(sums.get('a'), 1);
  assert.equal(told.length, 4);
  assert.equal(told[3], null);
});

test('callers who were not seen lately are asked for again, so that strangers do not fill the memory', async () => {
  const book = new QuotaBook({ add: async entries => entries.map(() => 1) }, events);
  const regular = book.line('regular', never);
  await book.ask(regular);
  const first = book.line('stranger 0', never);
  await book.ask(first);
  for (let n = 1; n < 200_000; n++) {
    book.line(`stranger ${n}`, never);
    if (n % 10_000 === 0) assert.equal(book.line('regular', never), regular);
  }
  assert.notEqual(book.line('stranger 0', never), first);
});

test('what strangers use while the ledger is away does not grow without end, and what is reported later is reported once', async () => {
  let isThere = false;
  let units = 0;
  const add = async (entries: readonly LedgerEntry[]) => {
    if (!isThere) throw new Error('away');
    for (const entry of entries) units += entry.units;
    return entries.map(() => 1);
  };
  const book = new QuotaBook({ add }, events);
  const lines: QuotaLine[] = [];
  for (let n = 0; n < 70_000; n++) lines.push(book.line(`stranger ${n}`, never));
  for (const line of lines) {
    // As the filter does: it asks again in the background.
    void book.ask(line);
    book.use(line, 1, 100_000);
  }
  await book.report();
  isThere = true;
  await book.report();
  assert.equal(units, 65_536);
});

test('what cannot be reported when the ledger is closed is not tried again for ever', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let asked = 0;
  const add = async () => {
    asked++;
    throw new Error('away');
  };
  const book = new QuotaBook({ add }, events);
  book.use(book.line('a', never), 1, 1_000);
  await book.report();
  assert.equal(asked, 1);
  await book.close();
  for (let n = 0; n < 5; n++) {
    t.mock.timers.tick(1_000);
    await turn();
  }
  // One call when the book was closed, and one by the timer that was set before.
  assert.equal(asked, 1 + 2);
});

test('what was sent and not answered is reported again as it was, and what came since behind it', async () => {
  const reported: [units: number, turn: number][] = [];
  const sums: (number | null)[] = [null, 5, 7];
  const add = async (entries: readonly LedgerEntry[]) => {
    for (const { units, turn: at } of entries) reported.push([units, at]);
    return [sums.shift()!];
  };
  const book = new QuotaBook({ add }, events);
  const line = book.line('a', never);
  book.use(line, 5, 1_000);
  await book.report();
  book.use(line, 2, 1_000);
  await book.report();
  assert.deepEqual(reported, [[5, 1], [5, 1], [2, 2]]); // biome-ignore format: pairs
  assert.deepEqual([line.sum, line.unreported], [7, 0]);
});

test('a caller who is asked for waits for one answer only, however busy the others are', async () => {
  let answers = 0;
  let isBusy = true;
  const add = async (entries: readonly LedgerEntry[]) => {
    await turn();
    answers++;
    // Before the answer arrives, others have used more.
    if (isBusy && answers < 1_000) book.use(busy, 1, 1_000_000);
    return entries.map(({ units }) => units);
  };
  const book: QuotaBook = new QuotaBook({ add }, events);
  const busy = book.line('busy', never);
  book.use(busy, 1, 1_000_000);
  const stranger = book.line('stranger', never);
  await book.ask(stranger);
  assert.deepEqual([stranger.isKnown, answers], [true, 1]);
  isBusy = false;
  await book.close();
  assert.equal(busy.unreported, 0, 'the rest is reported as well');
});

test('who is refused is asked for again now and then, so that units which an operator gives back are noticed', async t => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  let sum = 10;
  let asked = 0;
  const add = async (entries: readonly LedgerEntry[]) => {
    asked++;
    return entries.map(() => sum);
  };
  const book = new QuotaBook({ add }, events);
  const line = book.line('a', never);
  await book.ask(line);
  const refuse = async (times: number, everyMs: number) => {
    for (let n = 0; n < times; n++) {
      now += everyMs;
      book.reconsider(line);
      book.reconsider(line);
      await turn();
    }
  };
  await refuse(100, 10);
  assert.deepEqual([asked, line.sum], [1, 10]);
  sum = 0;
  await refuse(90, 100);
  assert.deepEqual([asked, line.sum], [2, 0]);
});
