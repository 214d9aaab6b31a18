// One slip is one message: problems that are only its consequences are not reported beside it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { loadConfigText } from '../load.ts';

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

/** Line and message of each problem, without what was expected or found. */
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
    'a key under another gateway’s name, where one is missing',
    `${listeners}upstreams: { u: { endpoints: [{ address: http://a }] }, v: { endpoints: [http://b] } }\n${both}`,
    '2 unknown key "address"; `url` is missing',
  ],
  [
    'one of two keys that a map asks for',
    `${listeners}${upstreams}${route('to: { upstream: u }, mirror: { upstream: v }')}`,
    '3 write a single upstream by its name alone',
  ],
  [
    'what a map is to say, under another key',
    `${listeners}${upstreams}${route('to: u, rewrite: { strip: /r }, mirror: { upstream: v }')}`,
    '3 unknown key "strip"',
  ],
  [
    'settings that are not indented',
    `${listeners}upstreams:\n  u:\n    endpoints: [http://a]\n    pool:\n    maxPending: 3\n${route('to: u')}`,
    '6 unknown key "maxPending"; it belongs under `pool`',
  ],
  [
    'consumers under another name, of whom a canary speaks',
    `${listeners}consumer: [{ name: c }]\n${upstreams}${route('to: u, canary: { upstream: v, always: { consumers: [c] } }')}`,
    '2 unknown key "consumer"; did you mean "consumers"?',
  ],
  [
    'a filter beside the settings of its route',
    `${listeners}${shared}${upstreams}${both.replace('mirror', 'counts: { store: s }, mirror')}`,
    '4 unknown key "counts"; it belongs under `filters`, as an element of its list',
  ],
  [
    'a filter that is not indented',
    `${listeners}filters:\ncounts: { store: s }\n${upstreams}${both}`,
    '3 unknown key "counts"; it belongs under `filters`, as an element of its list',
  ],
  [
    'an upstream that is not indented',
    `${listeners}upstreams:\nu: { endpoints: [http://a] }\n${route('to: u')}`,
    '3 unknown key "u"; is it to be indented, as a part of `upstreams` above?',
  ],
  [
    'listeners that are indented by spaces of another kind',
    `listeners:\n\u00a0\u00a0- address: 127.0.0.1:0\n${route('to: { reply: {} }')}`,
    '2 unknown key "\\u00a0\\u00a0- address"; is it to be indented',
  ],
  [
    'no space behind a colon',
    `${listeners}${upstreams}routes:\n  - name: r\n    match:{ path: /r }\n    to: u\n    mirror: { upstream: v }\n`,
    '5 unknown key "match:{ path"; a space is missing behind `match:`',
  ],
  [
    'a number that is far too large',
    `${listeners}limits: { headerCount: 1234567890123456789012 }\n${upstreams}${both}`,
    '2 expected at most 10000',
  ],
  [
    'a line end behind a name',
    `${listeners}${upstreams}routes:\n  - name: r\n    to: |\n      u\n    mirror: { upstream: v }\n`,
    '6 there is no upstream "u\\n"; did you mean "u"?; the text ends with a line end',
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

test('what templates, word processors and other readers of YAML leave in a file is named', () => {
  for (const [text, message] of [
    ['drainTimeout: {{ .Values.drain }}\n', /^not YAML: `\{\{` .* was a template not filled in\?/],
    ['drainTimeout:\u00a05s\nzone: a\n', /the letter U\+00A0 stands here/],
    ['zone\uff1a a\nx: b\n', /the letter U\+FF1A stands here, which looks like a colon/],
    ['routes: [\n  { name: r, to: { reply: {} } },\n]\n', /; indent the \] deeper than the key/],
    ['zone: !!binary aGk=\n', /there are text, numbers, true and false/],
    [
      'upstreams: { u: { endpoints: [http://a], retry: { true: [connect] } } }\n',
      /unknown key "true"; did you mean "on"\?/,
    ],
    ['routes: [{ name: r, public: yes, to: { reply: {} } }]\n', /found "yes"; write true$/],
    ['routes: [{ name: r, public: "true", to: { reply: {} } }]\n', /found "true"; leave the quotes out$/],
  ] as const) {
    const { problems } = loadConfigText(`${listeners}${text}`, '/slip.yaml', { filters });
    const problem = problems.find(({ severity }) => severity === 'error');
    assert.match(problem?.message ?? '', message, text);
    assert.ok(problem!.line >= 2, text);
  }
});

test('parameters as other routers and other settings write them are told as taken literally', () => {
  const warned = (text: string) =>
    loadConfigText(`${listeners}routes: [${text}]\n`, '/slip.yaml', { filters }).problems.map(each => each.message);
  assert.match(
    warned('{ name: r, match: { path: "/a/<id>" }, to: { reply: {} } }')[0]!,
    /`<id>` is taken literally: .* \{id\}/,
  );
  assert.match(
    warned('{ name: r, match: { path: /a }, to: { redirect: { url: "https://${host}/b" } } }')[0]!,
    /`\$` of `\$\{host\}` is sent literally: here it is written \{host\}/,
  );
  assert.match(
    warned('{ name: r, match: { path: "/a/{id}" }, to: { redirect: { url: "https://$host$request_uri" } } }')[0]!,
    /`\$host` is taken literally; what is filled in here is \{host\}, \{path\}, \{query\}, \{id\}$/,
  );
});

/** The first error of a document with these lines after its listeners. */
const firstError = (text: string) =>
  loadConfigText(`${listeners}${text}`, '/slip.yaml', { filters }).problems.find(each => each.severity === 'error')
    ?.message ?? '';

for (const [what, text, message] of [
  ['a size of nginx', 'limits: { body: 10m }\n', /found "10m"; write 10MiB$/],
  ['a size in MB', 'limits: { headerBytes: 1MB }\n', /found "1MB"; write 1MiB$/],
  ['days', 'limits: { headerTimeout: 2d }\n', /found "2d"; write 48h$/],
  ['one value in place of a list', 'routes: [{ name: r, filters: a, to: u }]\n', /found "a"; write \["a"\]$/],
  ['an address without scheme', 'upstreams: { u: { endpoints: [10.0.0.1:80] } }\n', /; write http:\/\/10\.0\.0\.1:80$/],
  ['h2c as a scheme', 'upstreams: { u: { endpoints: [h2c://a:1] } }\n', /; write http:\/\/a:1, with `protocol: h2c`$/],
  [
    'a relative Unix socket',
    'upstreams: { u: { endpoints: ["unix:a.sock"] } }\n',
    /expected unix:\/run\/app\.sock, found/,
  ],
  [
    'a Unix socket as in nginx',
    'upstreams: { u: { endpoints: ["http://unix:/a.sock:"] } }\n',
    /expected unix:\/a\.sock,/,
  ],
  [
    'a Unix socket as in gRPC',
    'upstreams: { u: { endpoints: ["unix:///a/b.sock"] } }\n',
    /expected unix:\/a\/b\.sock,/,
  ],
  ['other spelling', 'upstreams: { u: { endpoints: [http://a], balance: LEAST_REQUEST } }\n', /"leastRequest"\?$/],
  ['a key in other spelling', 'upstreams: { u: { endpoints: [http://a], idle_timeout: 1s } }\n', /"idleTimeout"\?$/],
  ['an exact location', 'routes: [{ name: r, match: { path: "= /a" }, to: u }]\n', /; an exact path is written \/a$/],
  ['a prefix location', 'routes: [{ name: r, match: { path: "^~ /a/" }, to: u }]\n', /; a prefix is written \/a\/\*$/],
  ['either case', 'routes: [{ name: r, match: { path: "~* \\\\.png$" }, to: u }]\n', /write `~\(\?i\)` in front/],
  [
    'an end of a path',
    'routes: [{ name: r, match: { path: "~\\\\.png$" }, to: u }]\n',
    /the expression with "\."; .* `\.\*`/,
  ],
  ['the server for all hosts', 'routes: [{ name: r, match: { host: _ }, to: u }]\n', /leave `host` out/],
  ['a name and all below', 'routes: [{ name: r, match: { host: .a.x }, to: u }]\n', /write \["a\.x", "\*\.a\.x"\]$/],
  ['an expression for hosts', 'routes: [{ name: r, match: { host: "~^a" }, to: u }]\n', /a host is no expression/],
  ['a cluster in a map', 'routes: [{ name: r, to: { cluster: u } }]\n', /write a single upstream by its name alone/],
] as const) {
  test(`what would be right is told: ${what}`, () => assert.match(firstError(text), message));
}

test('what is a setting elsewhere is named with where it is', () => {
  const upstream = (more: string) =>
    `upstreams: { u: { endpoints: [http://a], ${more} } }\nroutes: [{ name: r, to: u }]\n`;
  const first = (text: string) =>
    loadConfigText(`${listeners}${text}`, '/slip.yaml', { filters }).problems.find(each => each.severity === 'error')
      ?.message;
  assert.match(first(upstream('connect_timeout: 1s'))!, /did you mean "connectTimeout" under `pool`\?$/);
  assert.match(first(upstream('max_conns: 3'))!, /did you mean "maxConnections" under `pool`\?$/);
  assert.match(first('upstreams: { u: { hosts: [a] } }\n')!, /did you mean "endpoints"\?$/);
  assert.match(first(upstream('serverName: a'))!, /it belongs under `tls`$/);
  assert.match(first(upstream('server_name: a'))!, /did you mean "serverName" under `tls`\?$/);
  assert.match(
    first('filters: [{ stripPrefix: { prefixes: [/a] } }]\n')!,
    /no filter "stripPrefix"; it is `rewrite: \{ stripPrefix/,
  );
  assert.match(first('filters: [{ circuitBreaker: {} }]\n')!, /it is `breaker` of an upstream$/);
});
