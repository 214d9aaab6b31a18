// How long the memory is kept under its name.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedTables } from './shared-tables.ts';

const MINUTE_MS = 60_000;
const [one, other] = [
  { name: 'one', bytes: 8 },
  { name: 'other', bytes: 8 },
];

test('a table that is needed again within the hour is the same one, and later it has been given up', () => {
  const tables = new SharedTables();
  tables.ensure([one, other]);
  const first = tables.all.get('one');
  tables.keepOnly([other], 0);
  tables.keepOnly([other], 59 * MINUTE_MS);
  tables.ensure([one, other]);
  tables.keepOnly([one, other], 59 * MINUTE_MS);
  assert.equal(tables.all.get('one'), first);
  // Being needed again restarted the hour.
  tables.keepOnly([other], 70 * MINUTE_MS);
  tables.keepOnly([other], 120 * MINUTE_MS);
  assert.equal(tables.all.get('one'), first);
  tables.keepOnly([other], 130 * MINUTE_MS);
  assert.deepEqual([...tables.all.keys()], ['other']);
});
