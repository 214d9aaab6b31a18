// Checks every import of src/ against the table in import-direction.ts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forbiddenImports, importCycles, rooms } from './import-direction.ts';
import { importsOf } from './imports.ts';
import { productFiles } from './source-files.ts';

const files = productFiles();

test('rooms import only what they may know', () => {
  assert.deepEqual(forbiddenImports(files), []);
});

test('no file imports itself over others', () => {
  assert.deepEqual(importCycles(files), []);
});

test('every folder of src/ is in the table', () => {
  const folders = new Set(files.map(({ path }) => path.split('/')[1]!));
  assert.deepEqual(
    [...folders].filter(folder => rooms[folder] === undefined),
    [],
  );
});

test('the table itself has no circle', () => {
  const reachable = (room: string, seen: readonly string[]): boolean =>
    rooms[room]!.rooms.some(next => seen.includes(next) || reachable(next, [...seen, next]));
  assert.deepEqual(
    Object.keys(rooms).filter(room => reachable(room, [room])),
    [],
  );
});

test('each kind of import is seen, with its line', () => {
  const text = [
    "import a from './a.ts';",
    'import type {',
    '  B,',
    "} from '../http/b.ts';",
    "export * from './c.ts';",
    "export type { D } from './d.ts';",
    "const e = await import('./e.ts');",
    "type F = import('./f.ts').F;",
    "new Worker(new URL('./g.ts', import.meta.url));",
    "import './h.ts';",
    "// import './not.ts';",
    'const text = "import x from \'./not.ts\'";',
  ].join('\n');
  const { imports } = importsOf({ path: 'src/base/x.ts', text });
  const seen = imports
    .map(({ to, line }) => `${line} ${to}`)
    .sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  const expected = ['1 a', '4 b', '5 c', '6 d', '7 e', '8 f', '9 g', '10 h'];
  assert.deepEqual(
    seen,
    expected.map(each => each.replace(/ (\w)/, (_, name) => ` src/${name === 'b' ? 'http' : 'base'}/${name}.ts`)),
  );
});

const wrong: [name: string, path: string, text: string, message: RegExp][] = [
  ['upwards', 'src/base/x.ts', "import { y } from '../http/y.ts';", /base may not know http/],
  ['as a type', 'src/route/x.ts', "import type { y } from '../exchange/y.ts';", /route may not know exchange/],
  ['in a type position', 'src/http/x.ts', "type Y = import('../net/y.ts').Y;", /http may not know net/],
  [
    'another filter',
    'src/filters/cors/filter.ts',
    "import { y } from '../headers/y.ts';",
    /filters never know each other/,
  ],
  [
    'a filter from a schema',
    'src/filters/cors/config.ts',
    "import { y } from './filter.ts';",
    /config.ts, and what it takes from beside it, may know base and zod only/,
  ],
  ['a package in the wrong room', 'src/http/x.ts', "import { z } from 'zod';", /http may not use the package/],
  ['an unknown package', 'src/cli/x.ts', "import x from 'left-pad';", /cli may not use the package/],
  [
    "Node's own HTTP/2",
    'src/upstream/health/x.ts',
    "import { connect } from 'node:http2';",
    /speaks HTTP\/2 by another than src\/http\/h2/,
  ],
  ['sockets in the protocol engine', 'src/http/x.ts', "import net from 'node:net';", /http knows no sockets/],
  ['a side effect', 'src/cli/x.ts', "import './y.ts';", /side effect/],
  ['a computed name', 'src/cli/x.ts', 'await import(name);', /cannot be read off/],
  ['require', 'src/cli/x.ts', "require('./y.ts');", /cannot be read off/],
  ['out of src', 'src/cli/x.ts', "import { y } from '../../test/y.ts';", /leaves the rooms/],
  ['a file that is not there', 'src/cli/x.ts', "import { y } from './absent.ts';", /not there/],
  ['a room that is not in the table', 'src/extra/x.ts', "import { y } from '../base/y.ts';", /leaves the rooms/],
];

const fixtures = ['base', 'http', 'net', 'exchange', 'cli', 'filters/headers'].map(room => ({
  path: `src/${room}/y.ts`,
  text: '',
}));

for (const [name, path, text, message] of wrong) {
  test(`self-check: an import ${name} is refused`, () => {
    const errors = forbiddenImports([...fixtures, { path: 'src/filters/cors/filter.ts', text: '' }, { path, text }]);
    assert.equal(errors.length, 1, errors.join('\n'));
    assert.match(errors[0]!, message);
  });
}

test('self-check: a circle is found', () => {
  const circle = ['a', 'b', 'c'].map((name, i, names) => ({
    path: `src/base/${name}.ts`,
    text: `import { type X, y } from './${names[(i + 1) % names.length]}.ts';`,
  }));
  assert.deepEqual(importCycles(circle), ['src/base/a.ts -> src/base/b.ts -> src/base/c.ts -> src/base/a.ts']);
});

test('self-check: a circle of types alone is none', () => {
  const types = ['a', 'b'].map((name, i, names) => ({
    path: `src/base/${name}.ts`,
    text: `import { z } from './z.ts';\nimport type {\n  X,\n} from './${names[1 - i]}.ts';`,
  }));
  assert.deepEqual(importCycles(types), []);
});
