// The public HPACK test stories: header blocks encoded by other implementations, decoded in order with one table per story.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { HpackDecoder } from '../../../src/http/h2/hpack/decoder.ts';

interface Story {
  readonly cases: readonly {
    readonly wire: string;
    readonly headers: readonly Readonly<Record<string, string>>[];
    readonly header_table_size?: number;
  }[];
}

const folder = path.join(import.meta.dirname, '../corpora/hpack');
const files = readdirSync(folder).filter(name => name.endsWith('.json'));

test('there are stories of at least eight encoders', () => {
  assert.ok(new Set(files.map(name => name.replace(/-story.*/, ''))).size >= 8, files.join());
});

for (const name of files) {
  test(`story ${name}`, () => {
    // Because: the files are part of the repository and have this shape.
    const story = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Story;
    // The largest size that any of the story's settings allows: the encoder announces when it uses less.
    const decoder = new HpackDecoder(Math.max(4096, ...story.cases.map(each => each.header_table_size ?? 0)));
    assert.ok(story.cases.length > 0);
    for (const { wire, headers } of story.cases) {
      const bytes = Buffer.from(wire, 'hex');
      const block = decoder.decode(bytes, 0, bytes.length, 1 << 20);
      const expected = headers.flatMap(each => Object.entries(each));
      assert.deepEqual(
        block?.fields.map(field => [field.name, Buffer.from(field.value, 'latin1').toString()]),
        expected,
      );
    }
  });
}
