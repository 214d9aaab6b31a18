// Rounds of a keeper: which canaries each one reads.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { storeSpec } from '../../test/support/store-spec.ts';
import { CanaryKeeper } from './canary-keeper.ts';

test('canaries about to serve are read although a round for those that serve is under way, and only when it is over', async t => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-keeper-'));
  const rounds: boolean[] = [];
  const entries = (serving: boolean) => {
    rounds.push(serving);
    return [];
  };
  const spec = storeSpec({ kind: 'sqlite', path: path.join(folder, 'state.db') });
  const keeper = new CanaryKeeper(spec, entries, () => {});
  t.after(async () => {
    await keeper.close();
    rmSync(folder, { recursive: true });
  });
  const first = keeper.sync(true);
  const second = keeper.sync(false);
  assert.deepEqual(rounds, [true]);
  assert.equal(keeper.sync(true), first);
  await second;
  assert.deepEqual(rounds, [true, false]);
});
