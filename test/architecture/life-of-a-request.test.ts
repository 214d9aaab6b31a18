// docs/life-of-a-request.md names the files that a request passes, at least one in each room of the hot path, and all of them exist.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { filesNamed } from './doc-links.ts';
import { root } from './source-files.ts';

const document = readFileSync(path.join(root, 'docs/life-of-a-request.md'), 'utf8');

/** Rooms that the document has to mention: without one of them it does not describe a whole request. */
const rooms = ['src/net/', 'src/http/h1/', 'src/exchange/', 'src/route/', 'src/upstream/', 'src/telemetry/'];

const absentFrom = (text: string) => filesNamed(text).filter(file => !existsSync(path.join(root, file)));
const roomsLeftOut = (text: string) =>
  rooms.filter(room => !filesNamed(text).some(file => file.startsWith(room) && file.endsWith('.ts')));

test('every file that it names exists', () => {
  assert.deepEqual(absentFrom(document), []);
});

test('it passes every room of the hot path', () => {
  assert.deepEqual(roomsLeftOut(document), []);
});

test('self-check: an absent file and a room left out are seen', () => {
  assert.deepEqual(absentFrom('then `src/exchange/no-such-file.ts` runs'), ['src/exchange/no-such-file.ts']);
  assert.deepEqual(roomsLeftOut(document.replaceAll('src/route/', 'src/elsewhere/')), ['src/route/']);
});
