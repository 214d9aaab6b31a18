import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noPieces } from '../load-cache.ts';
import { readCut } from './cut-document.ts';
import { PlaceTree } from './place-tree.ts';
import { SourcePlaces } from './source-places.ts';

type Path = readonly (string | number)[];

/** The paths of a value and of everything inside it. */
function pathsIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner: [string | number, unknown][] = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...inner.flatMap(([step, each]) => pathsIn(each, [...path, step]))];
}

const document = `# what is served
listeners:
  # the public one
  - address: 127.0.0.1:8080   # here

  - { address: "127.0.0.1:8081", trustedProxies: [10.0.0.0/8, '::1/128'] }
drainTimeout: 30s
"limits": { body: 1MiB }
upstreams:

  users:
    endpoints:
    - http://10.0.0.1:8080
    - { url: http://10.0.0.2:8080, weight: 2 }
  "the shop": { endpoints: [http://10.0.0.3] }
  # none left
plans:
routes:
- name: a
  match: &all { path: "/*" }
  filters:
    - headers:
        request: { set: { x: "1" } }
-
  name: b
  match:
    path: |
      /literal
- name: b
`;

const documents = {
  'a document of all sorts': document,
  'one that begins with a list': 'routes:\n  - a: 1\n    b:\n  - c\nplans:\n    x: { y: [1] }\n    z:\n',
};

for (const [name, text] of Object.entries(documents)) {
  test(`parts give the places that the whole text gives: ${name}`, () => {
    const cut = readCut(text, noPieces);
    assert.ok(cut !== null, 'the text is not cut');
    const whole = new PlaceTree(text);
    const places = new SourcePlaces(text, cut.places);
    const beyond = [
      ['routes', 1, 'nothing'],
      ['routes', 99],
      ['upstreams', 'nobody'],
      ['upstreams', 'users', 'x', 'y'],
      ['missing'],
    ];
    for (const path of [...pathsIn(cut.settings), ...beyond]) {
      for (const at of ['key', 'value'] as const) {
        assert.equal(places.offsetOf(path, at), whole.offsetOf(path, at), `${path.join('.')} ${at}`);
      }
    }
  });
}

test('a place in a long list costs no look at the rest of it', () => {
  const route = (i: number) => `  - name: route-${i}\n    to: users\n`;
  const text = `routes:\n${Array.from({ length: 20_000 }, (_, i) => route(i)).join('')}`;
  const cut = readCut(text, noPieces);
  assert.ok(cut !== null);
  const places = new SourcePlaces(text, cut.places);
  const start = process.cpuUsage();
  const offset = places.offsetOf(['routes', 19_999, 'to'], 'value');
  const spent = process.cpuUsage(start);
  assert.equal(text.slice(offset), 'users\n');
  // The whole text takes some 150 ms, this element some 0.1 ms: the limit between them leaves room for a slow machine.
  assert.ok(spent.user + spent.system < 20_000, `${spent.user + spent.system} microseconds`);
});
