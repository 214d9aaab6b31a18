// Tokens that were replaced while the store was taking the ones before them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../test/support/eventually.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import type { Session } from './session.ts';
import type { SessionKeeper } from './session-keeper.ts';
import { UnstoredTokens } from './unstored-tokens.ts';

function sessionWith(refreshToken: string): Session {
  const tokens = { accessToken: 'a', refreshToken, idToken: null, accessUntilS: 1 };
  return { of: 'idp client', claims: {}, scopes: [], ...tokens, startedS: 0, usedS: 0 };
}

test('tokens that replace others while those are being stored are stored after them', async () => {
  const [first, second, third] = [sessionWith('r1'), sessionWith('r2'), sessionWith('r3')];
  const stored = [first];
  const keeper: Pick<SessionKeeper, 'find' | 'keep'> = {
    find: () => stored.at(-1)!,
    keep: async (session, cookie) => {
      stored.push(session);
      if (session === second) tokens.hold('cookie', second, third);
      return cookie;
    },
  };
  // Because: nothing else of the keeper is used, and of the worker nothing unless storing fails for minutes.
  const tokens = new UnstoredTokens(keeper as SessionKeeper, {} as WorkerServices, 60_000);
  tokens.hold('cookie', first, second);
  assert.equal(tokens.newest('cookie', first), second);
  await eventually(() => stored.length === 3, 'the newest tokens are stored');
  assert.deepEqual(
    stored.map(({ refreshToken }) => refreshToken),
    ['r1', 'r2', 'r3'],
  );
});
