// Each entry of the list loads the source of its kind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feedSources } from './feed-catalog.ts';

for (const [kind, load] of feedSources) {
  test(`the feed ${kind} has its source`, async () => {
    assert.equal((await load()).kind, kind);
  });
}
