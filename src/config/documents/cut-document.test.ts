import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { noPieces } from '../load-cache.ts';
import { readCut } from './cut-document.ts';
import { ReadError, readYaml } from './yaml.ts';

/** Checks that a text that can be cut means what js-yaml makes of the whole. Returns whether it can be cut. */
function agrees(text: string): boolean {
  const cut = readCut(text, noPieces);
  if (cut === null) return false;
  const whole = readYaml(text);
  assert.ok(!(whole instanceof ReadError), `js-yaml refuses ${JSON.stringify(text)}`);
  assert.deepEqual(cut.settings, whole.value, JSON.stringify(text));
  return true;
}

const indent = fc.constantFrom('', '', '  ', '  ', '  ', '    ', '    ', ' ', '   ', '\t');
const content = fc.constantFrom(
  ...['a: 1', 'b: x', 'c:', 'routes:', 'routes: # all', 'upstreams:', 'd: [1, 2]', 'e: { f: 1 }', '"q": 1', 'g: "h"'],
  ...['- a', '- a: 1', '- b:', '-', '- - c', '- { a: 1 }', '- [b]', '# note', '', '', '---', '...', '%YAML 1.2'],
  ...['a: |', 'a: >-', '- |', '- >+', 'a: "open', "a: 'open", 'close"', "close'", 'a: [open', 'a: { b: 1,', ']', '}'],
  ...[
    'a: &n 1',
    'b: *n',
    '- &n x',
    '- *n',
    '<<: *n',
    '<<: { z: 1 }',
    '? k',
    ': v',
    'word',
    'b: !!str 1',
    '__proto__: 1',
  ],
);
const lineEnd = fc.constantFrom('\n', '\n', '\n', '\n', '\n', '\n', '\n', '\n', '\r\n', '\r');
const lines = fc.array(fc.tuple(indent, content, lineEnd), { maxLength: 5 }).map(each => each.flat().join(''));
/** Most texts begin as documents do. */
const opening = fc.constantFrom(
  '',
  '',
  '',
  'routes:\n  - x\n',
  'routes:\n- x\n',
  'upstreams:\n  z: 1\n',
  '# note\nm: 1\n',
);
const text = fc.tuple(opening, lines).map(each => each.join(''));

test('a cut document is what the whole one is, whatever the lines', () => {
  let cut = 0;
  fc.assert(
    fc.property(text, each => {
      if (agrees(each)) cut++;
    }),
    { numRuns: 40_000, seed: 20_261_121 },
  );
  assert.ok(cut > 500, `only ${cut} texts were cut`);
});

test('one letter changed in a usual document', () => {
  const usual =
    'upstreams:\n  a:\n    endpoints: [http://b]\n  c: { endpoints: [] }\nroutes:\n  # first\n  - name: x\n    to: a\n\n  - { name: y }\n';
  assert.ok(agrees(usual));
  for (let at = 0; at < usual.length; at++) {
    agrees(usual.slice(0, at) + usual.slice(at + 1));
    for (const letter of [
      '\n',
      '\r',
      ' ',
      '\t',
      '-',
      '#',
      '"',
      "'",
      '|',
      '&n ',
      '*n',
      '[',
      '{',
      ':',
      ': ',
      '?',
      '<<: ',
    ]) {
      agrees(usual.slice(0, at) + letter + usual.slice(at));
    }
  }
});

for (const each of [
  '  a: 1\na: 1\n',
  '  a: 1\nb: 1\n',
  'a: 1\r...\nupstreams:\n',
  'routes: # all\rb: 1\n  - x\n',
  'upstreams:#\n  a: 1\n',
  'a: 1\n\t# note\n  "q": 1\n',
  'a:\n{ b: 1 }\n',
  'upstreams:\n  z: 1\n  ---\n    a: 1\n',
  'routes:\n  --- [a]\n  - b\n',
  'routes:\n  # one\n  -- [a]\n  - b\n',
  'a: &n 1\nb: *n\n',
  'a: "open\nb: closed"\n',
  'a: [open,\nb: 1]\n',
]) {
  test(`is left whole: ${JSON.stringify(each)}`, () => assert.equal(readCut(each, noPieces), null));
}

test('a dash on a line of its own begins an element', () => {
  const cut = readCut('routes:\n-\n  name: a\n- name: b\n-\n', noPieces);
  assert.deepEqual(cut?.settings, { routes: [{ name: 'a' }, { name: 'b' }, null] });
});

test('elements that did not change stay the same objects', () => {
  const route = (name: string) => `  - name: ${name}\n    match: { path: /${name} }\n`;
  const before = readCut(`routes:\n${route('a')}${route('b')}${route('c')}`, noPieces);
  assert.ok(before !== null);
  const after = readCut(`routes:\n${route('a')}${route('new')}${route('b')}${route('x')}`, before.pieces);
  assert.ok(after !== null);
  // Because: `routes` is a list in both texts.
  const [old, now] = [before.settings['routes'] as unknown[], after.settings['routes'] as unknown[]];
  assert.equal(now[0], old[0]);
  assert.equal(now[2], old[1]);
  assert.notEqual(now[1], old[1]);
  assert.equal(now.length, 4);
});

test('what the new version does not hold is not kept', () => {
  const before = readCut('routes:\n  - name: a\n  - name: b\n', noPieces);
  assert.ok(before !== null);
  const after = readCut('routes:\n  - name: b\n', before.pieces);
  assert.deepEqual([...(after?.pieces.byText.keys() ?? [])], []);
  assert.deepEqual(after?.pieces.lists.get('routes')?.elements, [{ name: 'b' }]);
});

test('the same element twice', () => {
  const cut = readCut('routes:\n  - name: a\n  - name: a\n', noPieces);
  assert.deepEqual(cut?.settings, { routes: [{ name: 'a' }, { name: 'a' }] });
});

test('an element that is kept does not keep the text that it came from', () => {
  setFlagsFromString('--expose-gc');
  // Because: the flag gives every new context a `gc`, and a running process has no other way to it.
  const collect = runInNewContext('gc') as () => void;
  const routes = Array.from({ length: 3_000 }, (_, i) => `  - name: a-rather-long-name-of-route-number-${i}\n`);
  let pieces = noPieces;
  const load = (version: number): void => {
    routes[version] = `  - name: another-rather-long-name-in-version-${version}\n`;
    // Read from bytes, as a file is: each version is one flat text.
    const cut = readCut(Buffer.from(`routes:\n${routes.join('')}`).toString(), pieces);
    assert.ok(cut !== null);
    pieces = cut.pieces;
  };
  const heapAfter = (from: number, to: number): number => {
    for (let version = from; version < to; version++) load(version);
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heapAfter(0, 20);
  const grown = heapAfter(20, 220) - before;
  // 200 versions of 140 kB are 28 MB.
  assert.ok(grown < 5_000_000, `${grown} bytes more`);
});

const element = fc.constantFrom(
  ...[
    '- a: 1\n',
    '- b: x\n  c: 1\n',
    '- { a: 1 }\n',
    '- [b]\n',
    '-\n  a: 1\n',
    '- d: |\n    text\n    - x\n',
    '- - y\n',
    '-\n',
  ],
  ...['# note\n', '\n', '- "q"\n', '- e:\n    - 1\n    - 2\n', '- word # note\n'],
);
const listText = fc
  .tuple(
    fc.constantFrom('', '  ', '    '),
    fc.array(element, { minLength: 1, maxLength: 12 }),
    fc.constantFrom('', 'z: 1\n'),
  )
  .map(([margin, each, end]) => `a: 1\nroutes:\n${each.join('').replace(/^(?=.)/gm, margin)}${end}`);
const splice = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  taken: fc.nat({ max: 12 }),
  given: fc.constantFrom(
    '',
    '',
    ' ',
    '-',
    '\n',
    '  - z\n',
    '- z\n',
    'x',
    '  - ',
    'b:\n',
    '# ',
    '    a: 2\n',
    ' - \n',
    '"',
  ),
});

test('a text that was cut before is cut as if it were new, whatever the change', () => {
  let kept = 0;
  fc.assert(
    fc.property(listText, fc.array(splice, { minLength: 1, maxLength: 4 }), (first, changes) => {
      let text = first;
      let before = readCut(text, noPieces);
      for (const { at, taken, given } of changes) {
        const start = Math.floor(at * text.length);
        text = text.slice(0, start) + given + text.slice(start + taken);
        const now = readCut(text, before?.pieces ?? noPieces);
        const anew = readCut(text, noPieces);
        assert.deepEqual(now?.settings, anew?.settings, JSON.stringify(text));
        assert.deepEqual(now?.places, anew?.places, JSON.stringify(text));
        if (before !== null && now !== null) kept++;
        before = now ?? before;
      }
    }),
    { numRuns: 20_000, seed: 20_261_121 },
  );
  assert.ok(kept > 5_000, `only ${kept} texts were cut with what was kept`);
});
