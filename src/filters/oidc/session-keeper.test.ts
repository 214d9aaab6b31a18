// A login and a logout at the provider at the same time, against a real Redis, in every order in which their commands can arrive there.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { startRedis } from '../../../test/support/redis.ts';
import { redisSpec } from '../../../test/support/store-spec.ts';
import { RedisStore } from '../../store/redis/redis-store.ts';
import type { Session } from './session.ts';
import { StoredSessions } from './session-keeper.ts';

const secret = randomBytes(32).toString('base64');
const ISSUER_AND_CLIENT = 'i gateway';

function sessionOf(sub: string): Session {
  const nowS = Math.floor(Date.now() / 1_000);
  const tokens = { accessToken: null, refreshToken: null, idToken: null, accessUntilS: 0 };
  const claims = { sub, sid: `login of ${sub}` };
  return { of: ISSUER_AND_CLIENT, claims, scopes: [], ...tokens, startedS: nowS, usedS: nowS };
}

/** Sessions whose commands are sent one at a time, when the test says so. */
function stepwise(t: TestContext, store: RedisStore) {
  let next: (() => Promise<unknown>) | null = null;
  const { command } = store;
  t.mock.method(store, 'command', (...args: Parameters<RedisStore['command']>) => {
    const sent = Promise.withResolvers<unknown>();
    next = async () => {
      next = null;
      sent.resolve(await command.apply(store, args));
    };
    return sent.promise;
  });
  return {
    sessions: new StoredSessions(store, [secret], 'c', ISSUER_AND_CLIENT),
    /** Sends the next command, if there is one before `isOver`. */
    async step(isOver: () => boolean) {
      while (next === null && !isOver()) await turn();
      await next?.();
      // Because: what follows from the answer runs in the microtasks of this turn.
      await turn();
    },
  };
}

/** All ways to put `what` commands between `among` others: for each of them, how many of the others come first. */
function* orders(what: number, among: number, from = 0): Generator<number[]> {
  if (what === 0) yield [];
  else
    for (let first = from; first <= among; first++)
      for (const rest of orders(what - 1, among, first)) yield [first, ...rest];
}

test('a session that a logout at the provider meets while it is stored is ended, or is found by the next one', async t => {
  const redis = await startRedis();
  const stores = [0, 1, 2].map(() => new RedisStore(redisSpec(redis.port)));
  t.after(async () => {
    for (const store of stores) await store.close();
    await redis.stop();
  });
  const [login, logout] = [stepwise(t, stores[0]!), stepwise(t, stores[1]!)];
  const sessions = new StoredSessions(stores[2]!, [secret], 'c', ISSUER_AND_CLIENT);
  // Two lists, the session, a look at each list, and one more when it is not there; and four commands of the logout.
  const [steps, logoutSteps] = [6, 4];
  const seen = new Set<string>();
  let n = 0;
  for (const order of orders(logoutSteps, steps)) {
    const sub = `user ${n++}`;
    let kept: { cookie: string | null } | null = null;
    let ended: number | null = null;
    void login.sessions.keep(sessionOf(sub), null, 60_000).then(cookie => {
      kept = { cookie };
    });
    void logout.sessions.endAll({ sub }).then(count => {
      ended = count;
    });
    for (let at = 0; at <= steps; at++) {
      for (const place of order) if (place === at) await logout.step(() => ended !== null);
      if (at < steps) await login.step(() => kept !== null);
    }
    // Because: both were set by a callback, which the compiler does not see.
    const { cookie } = kept as unknown as { cookie: string | null };
    const found = cookie === null ? null : await sessions.find(cookie);
    const later = await sessions.endAll({ sub });
    const isThere = found !== null;
    assert.equal(later, isThere ? 1 : 0, `order ${order}: a session that is there is found by a logout`);
    // The first command of the logout finds what the second of the login has put on the user's list.
    assert.equal(isThere, order[0]! < 2, `order ${order}: the session is ended where the logout found it`);
    seen.add(`${isThere} ${cookie !== null}`);
  }
  assert.deepEqual([...seen].toSorted(), ['false false', 'false true', 'true true']);
});
