// What a worker caches of keys: for how long it is trusted, and the effect of a flood of wrong keys and of an unavailable store.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { storedKey } from '../../../test/support/stored-key.ts';
import { Clock } from '../../base/clock.ts';
import { ConsumerDirectory } from '../../exchange/identity/consumer-directory.ts';
import type { KeyRecord, KeySource } from '../../store/keys/key-record.ts';
import { KeyBook, KeysUnavailable } from './key-book.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const directory = new ConsumerDirectory([], []);

const record = (key: string) => storedKey(`id of ${key}`, key);

/** A store whose content the test controls; with `later` it responds with promises. */
function playedStore(later: boolean) {
  const store = {
    keys: new Set<string>(),
    changes: 0,
    away: false,
    versions: 0,
    finds: 0,
    change(act: () => void) {
      act();
      store.changes++;
    },
  };
  function answer<Value>(value: () => Value): Value | Promise<Value> {
    if (!later && store.away) throw new Error('away');
    if (!later) return value();
    return Promise.resolve().then(() => {
      if (store.away) throw new Error('away');
      return value();
    });
  }
  const source: KeySource = {
    version() {
      store.versions++;
      return answer(() => String(store.changes));
    },
    find(hash) {
      store.finds++;
      return answer(() => {
        const key = [...store.keys].find(each => sha256(each) === hash);
        return key === undefined ? null : record(key);
      });
    },
  };
  return { store, source };
}

for (const later of [false, true]) {
  const manner = later ? 'that answers later' : 'that answers at once';

  function bookOver(cacheBytes = 200_000) {
    const { store, source } = playedStore(later);
    const clock = new Clock();
    clock.now = 1_000_000;
    const heard: (string | null)[] = [];
    const book = new KeyBook(source, {
      cacheBytes,
      keepWhenAwayMs: 60_000,
      clock,
      onAway: reason => heard.push(reason),
    });
    const ask = async (key: string) => book.ready(key, directory) ?? (await book.find(key, directory));
    const pass = (ms: number) => {
      clock.now += ms;
    };
    return { store, book, ask, pass, heard };
  }

  test(`a store ${manner}: of two that ask for a key while a reload comes each gets what its configuration says of the consumer`, async () => {
    const { store, book } = bookOver();
    store.keys.add('good');
    const [before, after] = [['staff', 'admin'], ['staff']].map(
      groups => new ConsumerDirectory([{ name: 'acme', tenant: null, plan: null, groups, tags: {}, keys: [] }], []),
    ) as [ConsumerDirectory, ConsumerDirectory];
    const groupsIn = async (asked: ConsumerDirectory) => {
      const known = book.ready('good', asked) ?? (await book.find('good', asked));
      return known?.login.consumerIn(asked)?.groups;
    };
    assert.deepEqual(await Promise.all([groupsIn(before), groupsIn(after)]), [['staff', 'admin'], ['staff']]);
    assert.deepEqual(await groupsIn(after), ['staff']);
  });

  test(`a store ${manner}: a key is looked up once, and a wrong one as well`, async () => {
    const { store, ask, pass } = bookOver();
    store.keys.add('good');
    for (let n = 0; n < 5; n++) {
      assert.equal((await ask('good'))?.login.identity.keyId, 'id of good');
      assert.equal(await ask('bad'), null);
      pass(100);
    }
    assert.equal(store.finds, 2);
  });

  test(`a store ${manner}: what is added or revoked is so within a second`, async () => {
    const { store, ask, pass } = bookOver();
    store.keys.add('old');
    assert.ok(await ask('old'));
    assert.equal(await ask('new'), null);
    store.change(() => store.keys.delete('old').valueOf() && store.keys.add('new'));
    // A busy worker: one request every 50 ms.
    for (let ms = 0; ms < 950; ms += 50) {
      pass(50);
      await ask('other');
    }
    assert.equal(await ask('old'), null);
    assert.ok(await ask('new'));
  });

  test(`a store ${manner}: a worker that had nothing to do believes nothing old`, async () => {
    const { store, ask, pass } = bookOver();
    store.keys.add('old');
    assert.ok(await ask('old'));
    store.change(() => store.keys.delete('old'));
    pass(60_000);
    assert.equal(await ask('old'), null);
  });

  test(`a store ${manner}: a flood of wrong keys displaces no good one`, async () => {
    const { store, ask } = bookOver();
    store.keys.add('good');
    assert.ok(await ask('good'));
    for (let n = 0; n < 20_000; n++) await ask(`wrong ${n}`);
    const before = store.finds;
    assert.ok(await ask('good'));
    assert.equal(store.finds, before);
  });

  test(`a store ${manner}: away, it is not asked for keys that are ready, for a while`, async () => {
    const { store, ask, pass, heard } = bookOver();
    store.keys.add('good');
    assert.ok(await ask('good'));
    store.away = true;
    pass(1_000);
    assert.ok(await ask('good'));
    await assert.rejects(ask('not seen'), KeysUnavailable);
    pass(30_000);
    assert.ok(await ask('good'));
    pass(30_000);
    await assert.rejects(ask('good'), KeysUnavailable);
    store.away = false;
    pass(300);
    assert.ok(await ask('good'));
    assert.equal(await ask('not seen'), null);
    assert.deepEqual(heard, ['away', null]);
  });

  test(`a store ${manner}: it is asked whether keys have changed at most every 200 ms, and only when requests come`, async () => {
    const { store, ask, pass } = bookOver();
    store.keys.add('good');
    for (let n = 0; n < 50; n++) await ask('good');
    assert.equal(store.versions, 1);
    for (let ms = 0; ms < 2_010; ms += 10) {
      await ask('good');
      pass(10);
    }
    assert.equal(store.versions, 10);
    pass(60_000);
    assert.equal(store.versions, 10);
  });

  test(`a store ${manner}: one that answers about changes but not about keys is away as well, and told so once`, async () => {
    const { store, book, ask, heard } = bookOver();
    store.keys.add('good');
    assert.ok(await ask('good'));
    store.away = true;
    await assert.rejects(ask('not seen'), KeysUnavailable);
    assert.deepEqual(heard, ['away']);
    const before = store.finds;
    await assert.rejects(ask('not seen either'), KeysUnavailable);
    assert.equal(store.finds, before, 'it is asked for no more keys');
    assert.ok(book.ready('good', directory));
  });

  test(`a store ${manner}: away from the start, nobody passes`, async () => {
    const { store, ask, pass } = bookOver();
    store.away = true;
    for (let n = 0; n < 3; n++) {
      await assert.rejects(ask('good'), KeysUnavailable);
      pass(100);
    }
  });
}

test('many requests with one key that is not ready make one look-up', async () => {
  const { store, source } = playedStore(true);
  store.keys.add('good');
  const book = new KeyBook(source, { cacheBytes: 64_000, keepWhenAwayMs: 1, clock: new Clock(), onAway: () => {} });
  const found = await Promise.all(
    Array.from({ length: 50 }, async () => book.ready('good', directory) ?? (await book.find('good', directory))),
  );
  assert.ok(found.every(key => key !== null));
  assert.equal(store.finds, 1);
  assert.equal(store.versions, 1);
});

/** A book over a store whose look-ups the test answers, by `answers`. `change` changes keys, and lets the book hear of it. */
function bookAnsweredByHand() {
  const answers: ((value: KeyRecord | null) => void)[] = [];
  let version = 1;
  const source: KeySource = {
    version: () => String(version),
    find: () => new Promise(resolve => answers.push(resolve)),
  };
  const clock = new Clock();
  const book = new KeyBook(source, { cacheBytes: 64_000, keepWhenAwayMs: 1, clock, onAway: () => {} });
  const change = () => {
    version++;
    clock.now += 500;
  };
  return { book, answers, change };
}

test('an answer that is older than a change is not kept', async () => {
  const { book, answers, change } = bookAnsweredByHand();
  assert.equal(book.ready('a', directory), undefined);
  const early = book.find('a', directory);
  change();
  assert.equal(book.ready('a', directory), undefined);
  answers[0]!(record('a'));
  await early;
  assert.equal(book.ready('a', directory), undefined, 'it was asked before the change');
});

test('an answer that there is no such key is not kept either when it is older than a change', async () => {
  const { book, answers, change } = bookAnsweredByHand();
  book.ready('a', directory);
  const early = book.find('a', directory);
  change();
  book.ready('a', directory);
  answers[0]!(null);
  assert.equal(await early, null);
  const later = book.find('a', directory);
  answers[1]!(record('a'));
  assert.ok((await later) !== null, 'the key was added meanwhile');
});

test('no more than 256 keys are looked up at once; the next caller is not told that its key is wrong', async () => {
  const { book, answers } = bookAnsweredByHand();
  book.ready('any', directory);
  const asked = Array.from({ length: 256 }, (_, n) => book.find(`key ${n}`, directory));
  assert.throws(() => book.find('one more', directory), KeysUnavailable);
  assert.equal(book.find('key 7', directory), asked[7], 'who asks for the same key waits with the first');
  answers[0]!(null);
  assert.equal(await asked[0], null);
  const next = book.find('one more', directory);
  answers[256]!(null);
  assert.equal(await next, null);
});

test('keys of the configuration need no store, and are those of the configuration that serves', () => {
  const listed = {
    id: 'k1',
    hash: `sha256:${sha256('listed')}`,
    scopes: [],
    routes: null,
    plan: 'silver',
    expiresAtMs: null,
    disabled: false,
  };
  const acme = { name: 'acme', tenant: null, plan: 'gold', groups: [], tags: {}, keys: [listed] };
  const now = new ConsumerDirectory([acme], []);
  const clock = new Clock();
  clock.now = 1_000_000;
  const onAway = () => assert.fail('there is no store');
  const book = new KeyBook(null, { cacheBytes: 64_000, keepWhenAwayMs: 1, clock, onAway });
  assert.equal(book.knows('listed'), false);
  assert.equal(book.ready('listed', now), undefined);
  const found = book.find('listed', now);
  assert.ok(found !== null && !(found instanceof Promise));
  assert.equal(found.login.consumerIn(now)?.plan, 'silver');
  assert.equal(book.ready('listed', now), found);
  assert.equal(book.knows('listed'), true);
  assert.equal(book.ready('listed', directory), undefined);
  assert.equal(book.find('listed', directory), null);
});
