// Names in the documents exist: metrics, error codes and their status, options of commands, fields of the access log.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { faultKinds } from '../../src/base/fault.ts';
import { commandList } from '../../src/cli/command-list.ts';
import { allOptions } from '../../src/cli/parse-arguments.ts';
import { accessLine, emptyAccessFields } from '../../src/telemetry/access-line.ts';
import { blockKinds } from '../../src/telemetry/metric-families.ts';
import { unknownWords, type Vocabulary } from './doc-words.ts';
import { filesOf } from './source-files.ts';

let known: Vocabulary;

before(async () => {
  const commands = await Promise.all(commandList.map(({ load }) => load()));
  known = {
    metrics: new Set(Object.values(blockKinds).flatMap(({ families }) => families.map(({ name }) => name))),
    statuses: new Map(Object.entries(faultKinds).map(([code, { status }]) => [code, status])),
    options: new Map(
      commands.map(command => {
        const options = Object.entries(allOptions(command));
        return [command.name, new Set(options.flatMap(([name, { short }]) => [name, short ?? name]))];
      }),
    ),
  };
});

test('metrics, codes and options that documents and descriptions name are there', () => {
  const documents = filesOf('README.md', 'SECURITY.md', 'docs/**/*.md', 'examples/*.yaml');
  assert.ok(documents.length > 20);
  assert.deepEqual(unknownWords(documents, known), []);
});

const wrong = [
  'watch `cardea_no_such_total`',
  'gets 503 `rate_limited`',
  '429 `no_such_code`',
  '`bin/cardea validate --probe URL`',
  'cardea keys add -x',
];

for (const text of wrong) {
  test(`self-check: refused: ${text}`, () => {
    assert.equal(unknownWords([{ path: 'x.md', text }], known).length, 1);
  });
}

test('self-check: what is there is accepted', () => {
  const text =
    '`rate(cardea_overhead_seconds_bucket[5m])`, 429 `rate_limited`, `cardea validate -c FILE --json | jq -r .ok`';
  assert.deepEqual(unknownWords([{ path: 'x.md', text }], known), []);
});

test('the line of the access log that the guide shows has the fields that are written, in their order', () => {
  const [guide] = filesOf('docs/guide/observability.md');
  const shown = /```json\n(\{"time"[\s\S]*?\})\n```/.exec(guide!.text)?.[1];
  // Because: a log line is a JSON object, and JSON.parse throws for anything malformed.
  const fieldsOf = (line: string) => Object.keys(JSON.parse(line) as object);
  assert.deepEqual(fieldsOf(shown ?? ''), fieldsOf(accessLine(emptyAccessFields())));
});
