// Places of keys and values in YAML of every style.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PlaceTree } from './place-tree.ts';

const text = `# first
base: &base
  x: 1
  "quoted key": 'v'
list:
  - a
  - {b: [10, 20], c: "d"}
  -   e:
        f: |
          text
merged:
  <<: *base
  own: 2
twice:
  <<: [*base, {y: 3}]
alias: *base
empty:
last: {z: }
holes:
  - # none
  - h
  # - no element
  -
  -
`;
const tree = new PlaceTree(text);

/** The text at a place, up to the end of its line. */
function at(path: (string | number)[], what: 'key' | 'value' = 'value'): string {
  return text.slice(tree.offsetOf(path, what)).split('\n')[0]!;
}

for (const [path, value, key] of [
  [['base', 'x'], '1', 'x: 1'],
  [['base', 'quoted key'], "'v'", '"quoted key": \'v\''],
  [['list'], '- a', 'list:'],
  [['list', 0], 'a', 'a'],
  [['list', 1, 'b', 1], '20], c: "d"}', '20], c: "d"}'],
  [['list', 1, 'c'], '"d"}', 'c: "d"}'],
  [['list', 2, 'e', 'f'], '          text', 'f: |'],
  [['merged', 'own'], '2', 'own: 2'],
  [['merged', 'x'], '1', 'x: 1'],
  [['twice', 'y'], '3}]', 'y: 3}]'],
  [['alias', 'x'], '1', 'x: 1'],
  [['empty'], 'empty:', 'empty:'],
  [['last', 'z'], 'z: }', 'z: }'],
  [['holes', 0], '- # none', '- # none'],
  [['holes', 2], '-', '-'],
] as const) {
  test(path.join('.'), () => {
    assert.equal(at([...path], 'key'), key);
    assert.equal(at([...path]).trimStart(), value.trimStart());
  });
}

test('what is not there stands where the nearest thing above it does', () => {
  assert.equal(at(['list', 1, 'missing']), '{b: [10, 20], c: "d"}');
  assert.equal(at(['list', 7]), '- a');
  assert.equal(at(['base', 'x', 'deeper']), '1');
  assert.equal(at(['missing', 'x']), 'base: &base');
  assert.equal(at([]), 'base: &base');
});

test('elements with nothing in them stand where their dashes do, each on its own line', () => {
  const lines = [0, 1, 2, 3].map(
    element => text.slice(0, tree.offsetOf(['holes', element], 'value')).split('\n').length,
  );
  const first = text.split('\n').indexOf('holes:') + 2;
  assert.deepEqual(lines, [first, first + 1, first + 3, first + 4]);
});

test('a text that cannot be read has its start', () => {
  assert.equal(new PlaceTree('a: [').offsetOf(['a'], 'value'), 0);
  assert.equal(new PlaceTree('').offsetOf(['a'], 'value'), 0);
});
