// Values from outside: what is filled in, what is left alone, what is refused.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Expansion, type ExpansionSources } from './expand.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-expand-'));
after(() => rmSync(folder, { recursive: true }));
writeFileSync(path.join(folder, 'secret'), 'from a file\r\n\n');
writeFileSync(path.join(folder, 'random'), Buffer.from([0x41, 0x80, 0xff, 0x42]));
writeFileSync(path.join(folder, 'letters'), 'caf\u00e9 \ufffd\n');
writeFileSync(path.join(folder, 'large'), 'x'.repeat(1024 * 1024 + 1));

function sources(): ExpansionSources {
  return { env: { A: 'a-value', EMPTY: '', SELF: '${env:A}' }, files: new Map(), secrets: new Map() };
}

function expanded(value: unknown): unknown {
  const expansion = new Expansion(sources(), folder, new Map(), new Map());
  const outcome = expansion.expandCached(value, []);
  return expansion.problems.length > 0 ? expansion.problems.map(({ message }) => message) : outcome;
}

for (const [written, result] of [
  ['x${env:A}y${env:A}', 'xa-valueya-value'],
  ['${env:NOT_SET:-fallback}', 'fallback'],
  ['${env:NOT_SET:-}', ''],
  ['${env:NOT_SET:-a:-b}', 'a:-b'],
  ['${env:EMPTY}', ''],
  ['${env:EMPTY:-fallback}', 'fallback'],
  ['${env:A:-fallback}', 'a-value'],
  // A value that was filled in is not expanded again: a value from outside cannot name another.
  ['${env:SELF}', '${env:A}'],
  ['${file:secret}', 'from a file'],
  ['${file:letters}', 'caf\u00e9 \ufffd'],
  ['$${env:A}', '${env:A}'],
  ['$$${env:A}', '$${env:A}'],
  ['$${file:x}', '${file:x}'],
  ['$${A} ${a} ${aB}', '${A} ${a} ${aB}'],
  [
    '${requestId} ${param.id} $${x} $${other:x} $ {env:A} ${',
    '${requestId} ${param.id} $${x} $${other:x} $ {env:A} ${',
  ],
] as const) {
  test(`${written} gives ${JSON.stringify(result)}`, () => assert.equal(expanded(written), result));
}

for (const [written, message] of [
  ['${env:NOT_SET}', 'the environment variable NOT_SET is not set; ${env:NOT_SET:-default} would give a default'],
  ['${env:}', 'expected the name of an environment variable, found ""'],
  ['${env:a b}', 'expected the name of an environment variable, found "a b"'],
  // Left as it is, the literal text would be the password, and it is the same in the documents of other gateways.
  ['x${JWT_SECRET}', '${JWT_SECRET} is not replaced: write ${env:JWT_SECRET}, or $${JWT_SECRET} to keep it as text'],
  ['${file:}', 'expected the path of a file, found ""'],
  ['${file:absent}', `there is no file ${path.join(folder, 'absent')}`],
  ['${file:.}', `${folder} is not a file`],
  ['${file:large}', `${path.join(folder, 'large')} is larger than 1 MiB`],
  [
    '${file:random}',
    `${path.join(folder, 'random')} is not text in UTF-8: what is not text is written in base64 or hexadecimal digits`,
  ],
  // Otherwise it would be the text of the default when A is not set, and A's value with a brace after it when A is set.
  [
    '${env:A:-${env:EMPTY}}',
    'another ${...} is inside "${env:", where only text may be: write the inner one separately',
  ],
  ['${environ:A}', 'there is no ${environ:...}; expected ${env:NAME} or ${file:/path}'],
  ['${env:A', '"${env:" is not closed by a brace; write "$${" for a literal "${"'],
] as const) {
  test(`${written} is refused`, () => assert.deepEqual(expanded(written), [message]));
}

test('values inside lists and maps, and only those that change are made anew', () => {
  const same = { a: [1, null, 'b'] };
  const value = { list: ['${env:A}', same], map: same, '${env:A}': 1 };
  const outcome = expanded(value);
  assert.deepEqual(outcome, { list: ['a-value', same], map: same, '${env:A}': 1 });
  assert.equal((outcome as typeof value).map, same);
  assert.equal(expanded(same), same);
});

test('what came from outside is known with how it was written, defaults are not', () => {
  const outside = sources();
  const expansion = new Expansion(outside, folder, new Map(), new Map());
  expansion.expandCached(['${env:A}', '${env:NOT_SET:-default}', '${file:secret}'], []);
  assert.deepEqual(
    [...outside.secrets],
    [
      ['a-value', '${env:A}'],
      ['from a file', '${file:secret}'],
    ],
  );
  assert.deepEqual([...outside.files.keys()], [path.join(folder, 'secret')]);
});
