import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { notPlain, readPlainYaml } from './plain-yaml.ts';
import { ReadError, readYaml } from './yaml.ts';

/** The value that js-yaml reads, or its ReadError. */
function reference(text: string): unknown {
  const outcome = readYaml(text);
  return outcome instanceof ReadError ? outcome : outcome.value;
}

/**
 * What the fast reader accepts, js-yaml has to read as the same value; what js-yaml refuses, the fast reader must not accept. Returns
 * whether the fast reader accepted the text.
 */
function agrees(text: string): boolean {
  const fast = readPlainYaml(text);
  if (fast === notPlain) return false;
  const slow = reference(text);
  assert.ok(!(slow instanceof ReadError), `js-yaml refuses ${JSON.stringify(text)}`);
  assert.deepEqual(fast, slow, JSON.stringify(text));
  return true;
}

const scalarText = fc.oneof(
  fc.constantFrom(
    ...['a', 'users', '/api/*', '*', '~', 'null', 'Null', 'true', 'FALSE', 'yes', 'on', 'off', '0', '-1', '+1', '007'],
    ...['0x1F', '0o17', '1e3', '1.', '.5', '.inf', '-.INF', '.nan', '1_000', '12:30', '10.0.0.1:80', '2026-11-21'],
    ...['http://a:1/b', 'a: b', 'a #b', 'a#b', '#a', '# a', '!x', '&a', '*a', '|', '>', '>-', '-', '- a', '?', '? a'],
    ...[':', ': a', 'a:', '=', '<<', '%a', '@a', '`a', '"a"', "'a'", "'it''s'", '"a\\n\\"b"', '"\\x41"', '"a', "'a"],
    ...['[]', '{}', '[a, b]', '[a b,c ]', '{a: 1}', '{ a: b, c: [1, 2] }', '{a: b,}', '[a,]', '[,]', '{a}', '[a: b]'],
    ...['{"a":1}', '{a:1}', '{"a": "b"}', '[[a], {b: c}]', '[a', '{a: b', '1234567890123456789', '9007199254740993'],
    ...['${env:A:-b}', '{id}', 'a{b}', 'a, b', 'a]', '10M/month', '5%', '~^/a', '', ' ', '---', '...', 'é', '\u00a0a'],
  ),
  fc.string({ maxLength: 8 }),
  fc.string({ maxLength: 6, unit: fc.constantFrom(...'ab01 :#-[]{},\'"\\.~*&!|>?%@`\n\t') }),
);
const keyText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a', 'b', 'name', 'x-y', '"q r"', "'s'", 'routes', 'to') },
  { weight: 1, arbitrary: scalarText },
);
const lineEnd = fc.constantFrom('', '', '', '', ' ', ' # note', '# note', '   ');
const indents = fc.constantFrom(0, 0, 2, 2, 2, 4, 4, 1, 3, 6);
const line = fc.oneof(
  fc.tuple(indents, keyText, scalarText, lineEnd).map(([n, k, v, e]) => `${' '.repeat(n)}${k}: ${v}${e}`),
  fc.tuple(indents, keyText, lineEnd).map(([n, k, e]) => `${' '.repeat(n)}${k}:${e}`),
  fc.tuple(indents, scalarText, lineEnd).map(([n, v, e]) => `${' '.repeat(n)}- ${v}${e}`),
  fc.tuple(indents, keyText, scalarText, lineEnd).map(([n, k, v, e]) => `${' '.repeat(n)}- ${k}: ${v}${e}`),
  fc.tuple(indents, scalarText).map(([n, v]) => `${' '.repeat(n)}${v}`),
  fc.constantFrom('', '# note', '   # note', '  ', '-', '  -', '  - - a', '- - a: b'),
);
const roughText = fc
  .tuple(fc.array(line, { minLength: 1, maxLength: 9 }), fc.constantFrom('', '\n', '\n\n'))
  .map(([lines, end]) => lines.join('\n') + end);

test('lines thrown together are read as js-yaml reads them, or left to it', () => {
  let taken = 0;
  fc.assert(
    fc.property(roughText, text => {
      if (agrees(text)) taken++;
    }),
    { numRuns: 20_000, seed: 20_261_121 },
  );
  // Without this, the property would hold for a reader that accepts nothing.
  assert.ok(taken > 300, `only ${taken} texts were plain`);
});

const value = fc.letrec(tie => ({
  any: fc.oneof({ depthSize: 'small' }, tie('leaf'), tie('list'), tie('map')),
  leaf: fc.oneof(
    fc.constantFrom('a', '/api/*', 'http://10.0.0.1:8080', '30s', 'true', 'null', '', '5%', '~^/v[0-9]+', 'a: b', ' a'),
    fc.string({ maxLength: 10 }),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
  ),
  list: fc.array(tie('any'), { maxLength: 4 }),
  map: fc.dictionary(fc.constantFrom('a', 'b', 'name', 'match', 'x-y', 'to', '1', 'true', ' k'), tie('any'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
})).map;

test('what js-yaml writes is read as it was, in block and in flow style', () => {
  let taken = 0;
  fc.assert(
    fc.property(value, fc.constantFrom(-1, 1, 2, 3), fc.boolean(), (written, flowLevel, noArrayIndent) => {
      const options = { flowLevel, seqNoIndent: noArrayIndent, lineWidth: -1 };
      if (agrees(dump(written, options))) taken++;
    }),
    { numRuns: 3_000, seed: 20_261_121 },
  );
  assert.ok(taken > 500, `only ${taken} texts were plain`);
});

test('one letter changed in a usual document', () => {
  const text = `listeners:
  - address: 0.0.0.0:8080   # plain
  - { address: "[::]:8081", trustedProxies: [10.0.0.0/8, '::1/128'] }
upstreams:
  users:
    endpoints:
    - http://10.0.0.1:8080
    - { url: http://10.0.0.2:8080, weight: 2 }
routes:
  - name: users
    public: true
    match: { host: "*.example.com", path: /users/{id} }
    to: [{ upstream: users, weight: 5 }]
`;
  assert.ok(agrees(text.replace('/users/{id} }', '"/users/{id}" }')));
  for (let at = 0; at < text.length; at++) {
    agrees(text.slice(0, at) + text.slice(at + 1));
    for (const letter of '\n :-#"\'[]{},*&!|>?%0a~') agrees(text.slice(0, at) + letter + text.slice(at));
  }
});

for (const [text, expected] of [
  ['a: on\nb: yes\nc: no', { a: 'on', b: 'yes', c: 'no' }],
  ['a:\n- 1\n- b: 2\n  c: 3\nd: 4', { a: [1, { b: 2, c: 3 }], d: 4 }],
  ['a: \'it\'\'s\'  # note\nb: "\\"x\\""\n', { a: "it's", b: '"x"' }],
  ['a: http://b:80/#c\n', { a: 'http://b:80/#c' }],
  ['a: {b: [c, {d: 1}], e: "f, g"}\n', { a: { b: ['c', { d: 1 }], e: 'f, g' } }],
  ['- a\n-\n- ~\n', ['a', null, null]],
  // A no-break space and other spaces of Unicode are not white space to YAML.
  ['a: b\u00a0 # c\nc: [true\u00a0, d\u3000 ]\n', { a: 'b\u00a0', c: ['true\u00a0', 'd\u3000'] }],
] as const) {
  test(`takes ${JSON.stringify(text)}`, () => assert.deepEqual(readPlainYaml(text), expected));
}

for (const text of [
  'a: 1\na: 2',
  '__proto__: 1',
  'a: &b 1',
  'a: *b',
  'a: |\n  b',
  'a: b\n  c',
  'a: "b\n  c"',
  'a:\tb',
  'a: !!str 1',
  '? a\n: b',
  '<<: { a: 1 }',
  'a: b: c',
  'a: [b,\n  c]',
  '1: a',
  'null: a',
  'a: 1e3',
  'a: "\\u0041"',
]) {
  test(`leaves ${JSON.stringify(text)} to js-yaml`, () => assert.equal(readPlainYaml(text), notPlain));
}
