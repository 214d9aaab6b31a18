// Password checks: how many run at once, how many wait, and which are not repeated.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from '../../base/clock.ts';
import type { PasswordHash } from '../../base/password-hash.ts';
import { DeskFull, PasswordDesk } from './password-desk.ts';

// Because: the desk passes hashes on without reading them.
const hash = { algorithm: 'scrypt' } as unknown as PasswordHash;

/** A desk whose checks finish when the test says so. */
function playedDesk(changes: { checksAtOnce?: number; checksWaiting?: number; cachedLogins?: number } = {}) {
  const open: { password: string; answer: (holds: boolean) => void }[] = [];
  const clock = new Clock();
  clock.now = 1_000;
  const desk = new PasswordDesk({
    hashes: new Map([['ann', hash]]),
    checksAtOnce: 2,
    checksWaiting: 3,
    cachedLogins: 100,
    cacheForMs: 60_000,
    clock,
    verify: (_, password) => new Promise<boolean>(resolve => open.push({ password, answer: resolve })),
    ...changes,
  });
  const settle = () => new Promise<void>(resolve => setImmediate(resolve));
  return { desk, open, clock, settle };
}

test('so many at once, so many wait, the next is told', async () => {
  const { desk, open, settle } = playedDesk();
  const checks = [0, 1, 2, 3, 4].map(n => desk.check(desk.attempt('10.0.0.1', 'ann', `p${n}`)));
  await settle();
  assert.equal(open.length, 2);
  await assert.rejects(desk.check(desk.attempt('10.0.0.1', 'ann', 'p5')), DeskFull);
  for (let n = 0; n < 5; n++) {
    open[n]!.answer(n === 4);
    await settle();
    assert.equal(open.length, Math.min(5, n + 3), 'the next takes the place');
  }
  assert.deepEqual(await Promise.all(checks), [false, false, false, false, true]);
});

test('a login is checked once and remembered, right or wrong, for a while', async () => {
  const { desk, open, clock } = playedDesk();
  const right = desk.attempt('10.0.0.1', 'ann', 'right');
  const wrong = desk.attempt('10.0.0.1', 'ann', 'wrong');
  const checks = [desk.check(right), desk.check(right), desk.check(wrong)];
  assert.equal(open.length, 2, 'the same login at the same time is one check');
  open[0]!.answer(true);
  open[1]!.answer(false);
  assert.deepEqual(await Promise.all(checks), [true, true, false]);
  assert.equal(desk.remembered(desk.attempt('10.0.0.1', 'ann', 'right')), true);
  assert.equal(desk.remembered(wrong), false);
  assert.equal(desk.remembered(desk.attempt('10.0.0.1', 'bob', 'right')), undefined);
  clock.now += 60_001;
  assert.equal(desk.remembered(right), undefined);
});

test('what was right is checked again when its time is over, and is no longer right when it does not hold any more', async () => {
  const { desk, open, clock } = playedDesk();
  const own = desk.attempt('10.0.0.1', 'ann', 'right');
  const first = desk.check(own);
  open[0]!.answer(true);
  assert.equal(await first, true);
  clock.now += 60_001;
  assert.deepEqual([desk.remembered(own), desk.wasRight(own)], [undefined, true]);
  const second = desk.check(own);
  assert.equal(open.length, 2, 'it is verified anew');
  open[1]!.answer(false);
  assert.equal(await second, false);
  assert.deepEqual([desk.remembered(own), desk.wasRight(own)], [false, false]);
});

test('where nobody may wait, as many as may be checked at once are', async () => {
  const { desk, open } = playedDesk({ checksWaiting: 0 });
  const checks = [0, 1].map(n => desk.check(desk.attempt('10.0.0.1', 'ann', `p${n}`)));
  await assert.rejects(desk.check(desk.attempt('10.0.0.1', 'ann', 'p2')), DeskFull);
  for (const { answer } of open) answer(true);
  assert.deepEqual(await Promise.all(checks), [true, true]);
  const next = desk.check(desk.attempt('10.0.0.1', 'ann', 'p3'));
  open[2]!.answer(true);
  assert.equal(await next, true);
});

test('a user who is not there is checked as well, and never holds', async () => {
  const { desk, open } = playedDesk();
  const check = desk.check(desk.attempt('10.0.0.1', 'nobody', 'x'));
  open[0]!.answer(true);
  assert.equal(await check, false);
});

test('a flood of wrong passwords displaces no good login', async () => {
  const { desk, open, settle } = playedDesk({ cachedLogins: 4 });
  const good = desk.check(desk.attempt('10.0.0.1', 'ann', 'good'));
  open[0]!.answer(true);
  await good;
  for (let n = 0; n < 9_000; n++) {
    const check = desk.check(desk.attempt('10.0.0.1', 'ann', `wrong ${n}`));
    open[n + 1]!.answer(false);
    await check;
  }
  await settle();
  assert.equal(desk.remembered(desk.attempt('10.0.0.1', 'ann', 'good')), true);
});

test('what one source has proved is nothing to another; what is forgotten is checked again', async () => {
  const { desk, open } = playedDesk();
  const own = desk.attempt('10.0.0.1', 'ann', 'right');
  const check = desk.check(own);
  open[0]!.answer(true);
  assert.equal(await check, true);
  assert.equal(desk.remembered(own), true);
  assert.equal(desk.remembered(desk.attempt('10.0.0.2', 'ann', 'right')), undefined);
  desk.forget(own);
  assert.equal(desk.remembered(own), undefined);
});

test('made-up names take the times that users take, each always the same', async () => {
  const [quick, slow] = [{ ...hash }, { ...hash }];
  const checked: PasswordHash[] = [];
  const desk = new PasswordDesk({
    hashes: new Map([
      ['ann', quick],
      ['bob', slow],
    ]),
    checksAtOnce: 2,
    checksWaiting: 3,
    cachedLogins: 100,
    cacheForMs: 60_000,
    clock: new Clock(),
    verify: async known => {
      checked.push(known);
      return true;
    },
  });
  const checkedFor = async (user: string, password: string) => {
    assert.equal(await desk.check(desk.attempt('10.0.0.1', user, password)), false);
    return checked.pop();
  };
  const found = new Set<unknown>();
  for (let n = 0; n < 40; n++) {
    const first = await checkedFor(`user-${n}`, 'a');
    assert.equal(await checkedFor(`user-${n}`, 'b'), first);
    found.add(first);
  }
  assert.deepEqual(found, new Set([quick, slow]));
  assert.equal(found.size, 2);
});
