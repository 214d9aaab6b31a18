// After a change of a few routes, what other parts of the document say about routes is still checked.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfigText } from '../load.ts';
import { LoadCache } from '../load-cache.ts';

const filters = [] as const;
const head = `listeners: [{ address: 127.0.0.1:0 }]
upstreams:
  u: { endpoints: [http://127.0.0.1:1] }
`;
const others = Array.from({ length: 50 }, (_, i) => `  - { name: r${i}, match: { path: /r${i} }, to: u }\n`).join('');
const wary = `  - { name: wary, match: { path: /w }, to: u, audit: { accept: [{ finding: shadowed, by: b, because: it is meant to be so }] } }\n`;
const keys = `consumers:\n  - { name: c, keys: [{ id: k, hash: "sha256:${'0'.repeat(64)}", routes: [b] }] }\n`;

/** The problems of the second text, after the first was loaded with the same cache. */
function problemsOf(before: string, now: string): string[] {
  const cache = new LoadCache();
  assert.deepEqual(loadConfigText(before, 'cardea.yaml', { filters, cache }).problems, []);
  const { problems } = loadConfigText(now, 'cardea.yaml', { filters, cache });
  assert.deepEqual(problems, loadConfigText(now, 'cardea.yaml', { filters }).problems);
  return problems.map(({ message }) => message);
}

const b = '  - { name: b, match: { path: /b }, to: u }\n';

test('a route that came may not have the name of another', () => {
  const text = `${head}routes:\n${others}`;
  assert.deepEqual(problemsOf(text, `${text}${b}`), []);
  assert.match(problemsOf(text, `${text}${b.replace('b', 'r7')}`)[0]!, /two routes are named "r7"/);
  assert.match(problemsOf(text, `${text}${b}${b}`)[0]!, /two routes are named "b"/);
});

test('a route that went may not be named by others', () => {
  const text = `${head}routes:\n${others}`;
  assert.deepEqual(problemsOf(`${text}${b}`, text), []);
  assert.match(problemsOf(`${text}${wary}${b}`, `${text}${wary}`)[0]!, /there is no route "b"/);
  assert.match(problemsOf(`${text}${b}${keys}`, `${text}${b.replace('b', 'bb')}${keys}`)[0]!, /there is no route "b"/);
});

test('an upstream that no route leads to any more is told', () => {
  const text = `${head}  v: { endpoints: [http://127.0.0.1:2] }\nroutes:\n${others}`;
  const toV = b.replace('to: u', 'to: v');
  assert.match(problemsOf(`${text}${toV}`, text)[0]!, /no route leads to the upstream "v"/);
});
