// Ids that prove their origin, against any other text that a caller may send.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { SessionIds } from './session-ids.ts';

const one = 'the first secret of sessions, long enough';
const two = 'the second secret of sessions, long enough';

test('its own ids, under all of its keys, and each another', () => {
  const old = new SessionIds([one], 'a');
  const rotated = new SessionIds([two, one], 'a');
  const id = old.make();
  assert.ok(old.isOwn(id));
  assert.ok(rotated.isOwn(id));
  assert.ok(!old.isOwn(rotated.make()));
  assert.ok(!new SessionIds([two], 'a').isOwn(id));
  assert.ok(!new SessionIds([one], 'b').isOwn(id));
  assert.notEqual(old.make(), id);
});

test('nothing that was made up or changed, and no other text for the same bytes', () => {
  const ids = new SessionIds([one], 'a');
  const id = ids.make();
  for (let at = 0; at < id.length; at++) {
    assert.ok(!ids.isOwn(id.slice(0, at) + (id[at] === 'A' ? 'B' : 'A') + id.slice(at + 1)), `letter ${at}`);
  }
  for (const other of [
    '',
    'a',
    `${id}A`,
    `${id}=`,
    `${id}==`,
    ` ${id}`,
    `${id}!`,
    id.slice(1),
    id.slice(0, -1),
    `${id}${id}`,
  ]) {
    assert.ok(!ids.isOwn(other), JSON.stringify(other));
  }
  for (const bytes of [31, 32, 39, 40, 41]) assert.ok(!ids.isOwn(randomBytes(bytes).toString('base64url')));
});
