// One slip of the hand is one message: what is only its consequence is not told beside it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { loadConfigText } from './load.ts';

const listeners = 'listeners: [{ address: 127.0.0.1:0 }]\n';
const upstreams = 'upstreams: { u: { endpoints: [http://a] }, v: { endpoints: [http://b] } }\n';
const shared = 'stores: { s: { url: redis://127.0.0.1 } }\n';

const filters = [
  {
    name: 'counts',
    schema: z.strictObject({ store: z.string() }),
    storesOf: (config: unknown) => [{ name: (config as { readonly store: string }).store, path: ['store'] }],
  },
];

/** Each without the longer list behind it. */
function told(text: string): string[] {
  return loadConfigText(text, '/slip.yaml', { filters }).problems.map(
    ({ line, message }) => `${line} ${message.split(/: expected|, found/)[0]}`,
  );
}

const route = (more: string) => `routes: [{ name: r, match: { path: /r }, ${more} }]\n`;
const both = route('to: u, mirror: { upstream: v }');

for (const [what, text, message] of [
  ['a key of the document', `listner: [{ address: 127.0.0.1:0 }]\n${route('to: { reply: {} }')}`, '1 unknown key'],
  ['upstreams under another name', `${listeners}upstreems: { u: { endpoints: [http://a] } }\n${both}`, '2 unknown key'],
  [
    'stores under another name',
    `${listeners}sotres: {}\n${upstreams}${route('to: u, async: { after: 1s, store: s }, mirror: { upstream: v }')}`,
    '2 unknown key',
  ],
  [
    'stores as a list',
    `${listeners}stores: [s]\n${upstreams}${route('to: u, async: { after: 1s, store: s }, mirror: { upstream: v }')}`,
    '2 expected a map by name',
  ],
  [
    'plans as a list',
    `${listeners}plans: [gold]\nconsumers: [{ name: c, plan: gold }]\n${upstreams}${both}`,
    '2 expected a map by name',
  ],
  [
    'routes under another name',
    `${listeners}${upstreams}ruotes: []\nconsumers: [{ name: c, keys: [{ id: k, hash: "sha256:${'0'.repeat(64)}", routes: [r] }] }]\n`,
    '3 unknown key',
  ],
  [
    'a name under another key',
    `${listeners}${upstreams}routes: [{ nmae: r, to: u }]\nconsumers: [{ name: c, keys: [{ id: k, hash: "sha256:${'0'.repeat(64)}", routes: [r] }] }]\n`,
    '3 unknown key',
  ],
  ['a destination under another key', `${listeners}${upstreams}${route('too: u')}`, '3 unknown key'],
  ['a mirror under another key', `${listeners}${upstreams}${route('to: u, miror: { upstream: v }')}`, '3 unknown key'],
  [
    'one of two keys that are asked for',
    `${listeners}plans: { gold: { rtae: 1/s } }\n${upstreams}${both}`,
    '2 unknown key',
  ],
  [
    'a setting that goes with another',
    `${listeners}upstreams: { u: { endpoints: [http://a], breaker: { fialureRate: 5%, minimum: 3 } } }\n${route('to: u')}`,
    '2 unknown key',
  ],
  [
    'an upstream that is none',
    `${listeners}upstreams: { u: { endpoints: [http://a] }, v: 1 }\n${route('to: u')}`,
    '2 expected a map of endpoints',
  ],
  [
    'a fallback of an upstream that is not there',
    `${listeners}${upstreams}${route('to: w, fallback: { upstream: v }')}`,
    '3 there is no upstream "w"',
  ],
  [
    'a value that cannot be filled in',
    `${listeners}${upstreams}${route('to: u, canary: { upstream: v, by: { cookie: "${env:NONE}" } }')}`,
    '3 the environment variable NONE',
  ],
  [
    'a share of nothing at the end',
    `${listeners}${upstreams}${route('to: u, canary: { upstream: v, steps: [5%, 0%] }')}`,
    '3 the steps must rise',
  ],
  [
    'a duration of nothing',
    `${listeners}${upstreams}${route('to: u, mirror: { upstream: v }, async: { after: 1s, keep: 0s }')}`,
    '3 expected a duration longer than 0',
  ],
  [
    'one of several maps',
    `${listeners}${upstreams}${route('to: u, canary: { upstream: v, by: { cookie: "a b" } }')}`,
    '3 expected a cookie’s name',
  ],
] as const) {
  test(what, () => {
    const [line = '', ...more] = told(text);
    assert.deepEqual(more, []);
    assert.ok(line.startsWith(message), line);
  });
}

test('a store with an error takes out what names it, so that nothing else is said of it', () => {
  const wrong = shared.replace('redis:', 'radis:');
  const text = (stores: string) =>
    `${listeners}${stores}${upstreams}filters: [{ counts: { store: s } }]\n` +
    `routes: [{ name: a, match: { path: /a }, to: u, canary: { upstream: v, store: s } }, { name: b, match: { path: /b }, to: u, async: { after: 1s, store: s } }, { name: c, to: u, filters: [{ counts: { store: s } }] }, { name: d, match: { path: /d }, to: v }]\n`;
  const good = loadConfigText(text(shared), '/slip.yaml', { filters });
  assert.ok(good.ok, JSON.stringify(good.problems));
  const outcome = loadConfigText(text(wrong), '/slip.yaml', { filters });
  assert.ok(!outcome.ok && outcome.partial !== null);
  assert.equal(outcome.problems.length, 1);
  assert.deepEqual(
    outcome.partial.config.routes.map(({ name }) => name),
    ['d'],
  );
  assert.deepEqual(outcome.partial.config.filters, []);
});
