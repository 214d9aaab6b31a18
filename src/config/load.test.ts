// Loading as a whole: files on a disk, what is kept from one load to the next, and which problems are reported.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { z } from 'zod';
import type { Config } from './config.ts';
import { type LoadOptions, loadConfig, loadConfigText } from './load.ts';
import { LoadCache } from './load-cache.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-load-'));
after(() => rmSync(folder, { recursive: true }));

const filters = [{ name: 'tag', schema: z.strictObject({ value: z.string().default('x') }) }];
const listeners = 'listeners: [{ address: 127.0.0.1:0 }]\n';

function write(name: string, text: string): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function good(file: string, options: Partial<LoadOptions> = {}): Config {
  const result = loadConfig(file, { filters, ...options });
  assert.ok(result.ok, JSON.stringify(result.problems));
  return result.config;
}

function messages(text: string, options: Partial<LoadOptions> = {}): string[] {
  return loadConfigText(text, path.join(folder, 'text.yaml'), { filters, ...options }).problems.map(
    ({ message }) => message,
  );
}

function routes(count: number, paths: (i: number) => string = i => `/r${i}`): string {
  const lines = Array.from({ length: count }, (_, i) => `  - { name: r${i}, match: { path: ${paths(i)} }, to: u }\n`);
  return `${listeners}upstreams: { u: { endpoints: [http://a] } }\nroutes:\n${lines.join('')}`;
}

describe('what is kept from one load to the next', () => {
  test('everything, when nothing changed', () => {
    const file = write('same.yaml', routes(3));
    const cache = new LoadCache();
    const before = good(file, { cache });
    const now = good(file, { cache });
    assert.equal(now.version, before.version);
    for (const [at, route] of now.routes.entries()) assert.equal(route, before.routes[at]);
    assert.equal(now.upstreams[0], before.upstreams[0]);
  });

  test('every route but the one that changed, also where others moved', () => {
    const cache = new LoadCache();
    const before = good(write('one.yaml', routes(5)), { cache });
    const changed = routes(5, i => (i === 2 ? '/other' : `/r${i}`)).replace(listeners, `# a line more\n${listeners}`);
    const now = good(write('one.yaml', changed), { cache });
    assert.notEqual(now.version, before.version);
    assert.deepEqual(
      now.routes.map((route, at) => route === before.routes[at]),
      [true, true, false, true, true],
    );
    assert.equal(now.routes[2]?.match.path, '/other');
  });

  test('also over a load that failed', () => {
    const cache = new LoadCache();
    const before = good(write('failed.yaml', routes(2)), { cache });
    write('failed.yaml', `${routes(2)}nonsense: [\n`);
    assert.equal(loadConfig(path.join(folder, 'failed.yaml'), { filters, cache }).ok, false);
    write('failed.yaml', `${routes(2)}colour: red\n`);
    assert.equal(loadConfig(path.join(folder, 'failed.yaml'), { filters, cache }).ok, false);
    const now = good(write('failed.yaml', `${routes(2)}# good again\n`), { cache });
    assert.equal(now.routes[0], before.routes[0]);
  });

  test('not what another filter’s schema would read otherwise', () => {
    const text = `${listeners}routes: [{ name: a, filters: [{ tag: {} }], to: { reply: {} } }]\n`;
    const file = write('schemas.yaml', text);
    const cache = new LoadCache();
    good(file, { cache });
    const other = [{ name: 'tag', schema: z.strictObject({ value: z.string().default('y') }) }];
    assert.deepEqual(good(file, { cache, filters: other }).routes[0]?.filters, [
      { name: 'tag', config: { value: 'y' } },
    ]);
  });

  test('not what is filled in with something new, though the text is the same', () => {
    const text = `${listeners}routes:\n  - { name: a, filters: [{ tag: { value: "\${env:A}" } }], to: { reply: {} } }\n  - { name: b, to: { reply: {} } }\n`;
    const file = write('filled.yaml', text);
    const cache = new LoadCache();
    const first = good(file, { cache, env: { A: '1' } });
    const same = good(file, { cache, env: { A: '1' } });
    const other = good(file, { cache, env: { A: '2' } });
    assert.equal(same.routes[0], first.routes[0]);
    assert.deepEqual(other.routes[0]?.filters[0]?.config, { value: '2' });
    assert.equal(other.routes[1], first.routes[1]);
    assert.equal(same.version, first.version);
    assert.notEqual(other.version, first.version);
  });

  test('not an entry under another name, when an alias shares it', () => {
    const text = `${listeners}upstreams: { a: &x { endpoints: [http://a] }, b: *x }\nroutes:\n  - { name: r, to: [{ upstream: a }, { upstream: b }] }\n`;
    const file = write('alias.yaml', text);
    const cache = new LoadCache();
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(
        good(file, { cache }).upstreams.map(({ name }) => name),
        ['a', 'b'],
      );
    }
  });

  test('warnings about what has not changed, which are repeated', () => {
    const places = z.strictObject({ value: z.string() });
    const warns = {
      name: 'warns',
      schema: places,
      placeProblems: () => [{ path: ['value'], message: 'this is odd', severity: 'warning' as const }],
    };
    const text = (last: string) => `${listeners}upstreams: { u: { endpoints: [http://a] } }
filters: [{ warns: { value: a } }]
routes:
  - { name: a, match: { path: "/users/:id" }, to: u }
  - { name: b, match: { path: "/b/*" }, filters: [{ warns: { value: b } }], rewrite: { path: "/$1" }, to: u }
  - { name: c, match: { path: ${last} }, to: u }
`;
    const options = { filters: [warns], cache: new LoadCache() };
    const first = loadConfig(write('warned.yaml', text('/c')), options).problems;
    assert.equal(first.length, 4, JSON.stringify(first));
    assert.deepEqual(loadConfig(write('warned.yaml', text('/d')), options).problems, first);
    assert.deepEqual(loadConfig(write('warned.yaml', text('/e')), options).problems, first);
  });

  test('files that are no longer included are let go', () => {
    write('parts/a.yaml', 'routes: [{ name: a, to: { reply: {} } }]\n');
    const file = write('parts.yaml', `include: [parts/*.yaml]\n${listeners}`);
    const cache = new LoadCache();
    good(file, { cache });
    assert.equal(cache.files.size, 2);
    rmSync(path.join(folder, 'parts/a.yaml'));
    good(file, { cache });
    assert.equal(cache.files.size, 1);
  });
});

describe('what is to be watched', () => {
  test('every file that was read or looked for', () => {
    write('watched/part.yaml', 'limits: { headerCount: 7 }\n');
    const secret = write('watched/secret', 'hidden\n');
    const file = write(
      'watched/main.yaml',
      `include: [part.yaml, absent.yaml, "more/*.yaml"]\n${listeners}routes: [{ name: a, filters: [{ tag: { value: "\${file:secret}" } }], to: { reply: {} } }]\n`,
    );
    const { files } = loadConfig(file, { filters });
    const inFolder = (name: string) => path.join(folder, 'watched', name);
    const expected = [file, inFolder('part.yaml'), inFolder('absent.yaml'), secret];
    // A folder that does not exist yet, and the files that may appear in it.
    expected.push(inFolder('more'), inFolder('more/*'));
    assert.deepEqual([...files].sort(), expected.sort());
  });

  test('a file that is not there is one problem, and is looked for', () => {
    const file = path.join(folder, 'nowhere.yaml');
    const result = loadConfig(file, { filters });
    assert.deepEqual(result.files, [file]);
    assert.deepEqual(result.problems, [
      { path: [], message: `there is no file ${file}`, severity: 'error', file, line: 1, column: 1 },
    ]);
    assert.equal(loadConfig(folder, { filters }).problems[0]?.message, `${folder} is a folder`);
  });
});

describe('what is told', () => {
  test('places of what a later stage says, in the file where it stands', () => {
    write('located/a.yaml', 'routes:\n  - { name: a, to: { reply: {} } }\n  - name: b\n    to: { reply: {} }\n');
    const file = write(
      'located/main.yaml',
      `include: [a.yaml]\n${listeners}routes:\n  - { name: m, to: { reply: {} } }\n`,
    );
    const result = loadConfig(file, { filters });
    const place = (...steps: (string | number)[]) => {
      const located = result.locate({ path: steps, message: '', severity: 'error' });
      return `${path.basename(located.file)}:${located.line}:${located.column}`;
    };
    assert.equal(place('routes', 0, 'name'), 'main.yaml:4:13');
    assert.equal(place('routes', 1), 'a.yaml:2:5');
    assert.equal(place('routes', 2, 'to', 'reply'), 'a.yaml:4:18');
    assert.equal(place('routes', 2, 'timeout'), 'a.yaml:3:5');
    assert.equal(place('listeners', 0, 'address'), 'main.yaml:2:24');
    assert.equal(place('nothing'), 'main.yaml:1:1');
  });

  test('never a secret from the environment or a file, also not a piece of it', () => {
    const secret = 's3cret-"quoted"-value'.repeat(5);
    const file = write('secret', `${secret}\n`);
    const text = `listeners: [{ address: "\${env:S}" }]\nroutes:\n  - { name: "x \${file:${file}}", to: "\${env:S}" }\n  - { name: b, filters: [{ tag: { "\${env:S}": 1, value: 5 } }], to: "Bearer \${env:S}" }\n`;
    const told = messages(text, { env: { S: secret } });
    assert.equal(told.length, 6);
    for (const message of told) assert.doesNotMatch(message, /s3cret|quoted/, message);
    assert.match(told.join('\n'), /"Bearer \$\{env:S\}"/);
  });

  test('a value from outside that is no secret stays where it only happens to stand', () => {
    const [message] = messages(
      `listeners: [{ address: "127.0.0.1:\${env:P}0" }]\nroutes: [{ name: a, to: { reply: {} } }]\n`,
      {
        env: { P: '99999' },
      },
    );
    assert.equal(
      message,
      'expected an address and a port such as 127.0.0.1:8080, :8080 or [::1]:8080, found "127.0.0.1:999990"',
    );
  });

  test('more than a document should have: aliases of aliases', () => {
    const bomb = Array.from(
      { length: 30 },
      (_, i) => `x${i}: &x${i} [${Array(10).fill(i === 0 ? '1' : `*x${i - 1}`)}]\n`,
    );
    assert.deepEqual(
      messages(bomb.join('')),
      [
        'the document has more than 2000000 values when its aliases are written out',
        'there are no `listeners`: expected a list such as [{ address: 127.0.0.1:8080 }]',
      ].slice(0, 1),
    );
    assert.match(messages(`a: ${'['.repeat(200)}`)[0] ?? '', /not YAML: /);
  });

  test('more files than there should be', () => {
    for (let i = 0; i < 1_005; i++) write(`many/${i}.yaml`, '# none\n');
    const file = write('many.yaml', `include: ["many/*.yaml"]\n${listeners}`);
    const result = loadConfig(file, { filters });
    assert.deepEqual(
      result.problems.filter(({ severity }) => severity === 'error').map(({ message }) => message),
      ['more than 1000 files are included'],
    );
  });
});

test('an upstream is not called unused while a route has an error: what is wrong there may be what leads to it', () => {
  const text = (more: string) =>
    `${listeners}upstreams: { u: { endpoints: [http://a] }, v: { endpoints: [http://b] } }\n` +
    `routes: [{ name: r, match: { path: /r }, to: u${more} }]\n`;
  const unused = 'no route leads to the upstream "v"';
  assert.equal(messages(text('')).includes(unused), true);
  for (const more of [', timeout: soon', ', mirror: { upstream: v, percent: 1 }', ', mirror: v'])
    assert.equal(messages(text(more)).includes(unused), false, more);
});

test('an upstream that is not there is told of a route with another error, too', () => {
  const text = (beside: string) =>
    `${listeners}upstreams: { u: { endpoints: [http://a] } }\n` +
    `routes: [{ name: r, match: { path: /r }, to: u, timeout: soon, ${beside} }]\n`;
  for (const beside of ['mirror: { upstream: w }', 'canary: { upstream: w }', 'fallback: { upstream: w }'])
    assert.ok(
      messages(text(beside)).some(message => message.startsWith('there is no upstream "w"')),
      beside,
    );
});

test('the configuration is frozen all the way down', () => {
  const config = good(write('frozen.yaml', routes(2)));
  const visit = (value: unknown, at: string): void => {
    if (typeof value !== 'object' || value === null) return;
    assert.ok(Object.isFrozen(value), at);
    for (const [key, inner] of Object.entries(value)) visit(inner, `${at}.${key}`);
  };
  visit(config, 'config');
});

test('JSON and YAML of the same content give the same configuration', () => {
  const document = {
    listeners: [{ address: '127.0.0.1:0' }],
    routes: [{ name: 'a', to: { reply: { body: 'x/"\n' } } }],
  };
  const json = loadConfigText(JSON.stringify(document, null, 1), 'a.json', { filters });
  const yaml = loadConfigText(JSON.stringify(document), 'a.yaml', { filters });
  assert.ok(json.ok && yaml.ok);
  assert.deepEqual({ ...json.config, version: '' }, { ...yaml.config, version: '' });
});

test('JSON is read strictly', () => {
  const problemOf = (text: string) => {
    const [problem] = loadConfigText(text, 'a.json', { filters }).problems;
    return `${problem?.line}:${problem?.column}: ${problem?.message}`;
  };
  assert.equal(problemOf('{\n "routes": [],\n "routes": []\n}'), '3:2: this key is given twice');
  for (const [text, problem] of [
    ['{\n "routes": [,]\n}', '2:13: not JSON: expected a value or ], found ","'],
    ['{ "a": 1', '1:9: not JSON: expected a comma or }, found the end'],
    ['{ "a": 1, }', '1:11: not JSON: expected a key in double quotes, found "}"'],
    ['[1 2]', '1:4: not JSON: expected a comma or ], found "2"'],
    ['{ "a" 1 }', '1:7: not JSON: expected a colon, found "1"'],
    ['{ "a": "x\ny" }', '1:8: not JSON: expected a value, found text that is not closed or not valid in JSON'],
    ['{} {}', '1:4: not JSON: expected nothing more, found "{"'],
    ['routes: []', '1:1: not JSON: expected a value, found "r"'],
    ['[01]', '1:2: not JSON: expected a value or ], found "0"'],
    ['', '1:1: not JSON: expected a value, found the end'],
  ] as const) {
    assert.equal(problemOf(text), problem);
  }
});

test('values that hold themselves or are nested without end are told, not thrown', () => {
  for (const [text, file, told] of [
    ['listeners: &a [*a]\nroutes: []\n', 'a.yaml', /when its aliases are written out/],
    [`{"routes":${'['.repeat(30_000)}${']'.repeat(30_000)}}`, 'a.json', /nested too deeply/],
  ] as const) {
    const loaded = loadConfigText(text, file, { filters });
    assert.equal(loaded.ok, false);
    assert.match(loaded.problems[0]?.message ?? '', told);
  }
});

test('`__proto__` is an unknown key, in JSON and in YAML, with and without values from outside', () => {
  for (const body of ['x', '${env:BODY}']) {
    const document = `{"listeners":[{"address":"127.0.0.1:0"}],"__proto__":{"routes":[{"name":"a","to":{"reply":{"body":"${body}"}}}]}}`;
    for (const file of ['a.json', 'a.yaml']) {
      const { problems } = loadConfigText(document, file, { filters, env: { BODY: 'y' } });
      assert.match(problems.find(({ severity }) => severity === 'error')?.message ?? '', /^unknown key "__proto__"/);
    }
  }
});

test('a text of many megabytes in JSON is a text', () => {
  const body = 'x'.repeat(12_000_000);
  const document = (end: string) => `{"listeners":[{"address":"127.0.0.1:0"}],"routes":[{"name":"${body}${end}`;
  const told = (end: string) => loadConfigText(document(end), 'a.json', { filters }).problems[0]?.message ?? '';
  assert.match(told('","to":{"reply":{}}}]}'), /^expected a name/);
  assert.match(told('"'), /^not JSON: expected a comma or }, found the end/);
});

describe('numbers and truth values from outside', () => {
  const text = `listeners: [{ address: 127.0.0.1:0, proxyProtocol: "\${env:PROXIED}", trustedProxies: [10.0.0.0/8] }]
upstreams:
  u: { endpoints: [{ url: http://a, weight: "\${env:W:-3}" }], pool: { maxConnections: "\${env:MAX}" } }
routes:
  - { name: a, filters: [{ tag: { value: "\${env:MAX}" } }], to: [{ upstream: u, weight: "\${env:W:-1}" }] }
`;
  const env = { PROXIED: 'true', W: '7', MAX: '40' };

  test('stand where they are asked for; text that spells one stays text where text is asked for', () => {
    const file = write('typed.yaml', text);
    const config = good(file, { env });
    assert.equal(config.listeners[0]!.proxyProtocol, true);
    assert.equal(config.upstreams[0]!.endpoints[0]!.weight, 7);
    assert.equal(config.upstreams[0]!.pool.maxConnections, 40);
    assert.deepEqual(config.routes[0]!.filters[0]!.config, { value: '40' });
    assert.equal(good(file, { env: { ...env, W: '' } }).upstreams[0]!.endpoints[0]!.weight, 3);
  });

  test('and are the same from one load to the next, and others when they change', () => {
    const file = write('typed-again.yaml', text);
    const cache = new LoadCache();
    const before = good(file, { cache, env });
    assert.equal(good(file, { cache, env }).upstreams[0], before.upstreams[0]);
    assert.equal(good(file, { cache, env: { ...env, W: '8' } }).upstreams[0]!.endpoints[0]!.weight, 8);
  });

  test('also in the settings of the document itself, of one file and of several', () => {
    write('more-limits.yaml', 'limits: { requestsPerConnection: "${env:MAX}" }\n');
    const file = write(
      'own-settings.yaml',
      `${listeners}include: [more-limits.yaml]
limits: { headerCount: "\${env:MAX}", connections: "\${env:W:-9}" }
metrics: { routes: "\${env:MAX}" }
shedding: { inFlight: "\${env:MAX}" }
`,
    );
    const { limits, metrics, shedding } = good(file, { env: { MAX: '40' } });
    assert.deepEqual([limits.headerCountMax, limits.connectionsMax, limits.requestsPerConnectionMax], [40, 9, 40]);
    assert.deepEqual([metrics.routesMax, shedding.inFlightMax], [40, 40]);
  });

  test('what is neither, out of bounds, or only a part of the text is refused, and the message shows no value', () => {
    const weight = (written: string, W: string) =>
      messages(
        `${listeners}upstreams: { u: { endpoints: [{ url: http://a, weight: "${written}" }] } }
routes: [{ name: a, to: u }]\n`,
        { env: { W } },
      );
    const whole = '${env:W}';
    assert.deepEqual(weight(whole, 'many'), ['expected a whole number, found "${env:W}"']);
    assert.deepEqual(weight(whole, '-1'), ['expected at least 0, found "${env:W}"']);
    assert.deepEqual(weight(whole, '1000001'), ['expected at most 1000000, found "${env:W}"']);
    assert.deepEqual(weight(whole, '0'), ['every endpoint has the weight 0, so none would get a request']);
    assert.equal(weight(whole, '007').length, 1);
    assert.equal(weight(whole, ' 7').length, 1);
    assert.equal(weight(whole, '0x7').length, 1);
    assert.equal(weight(whole, '1.5').length, 1);
    assert.equal(weight(whole, 'true').length, 1);
    assert.equal(weight('1${env:W}', '7').length, 1);
    assert.deepEqual(weight(whole, '7'), []);
    assert.equal(
      messages(
        `${listeners}upstreams: { u: { endpoints: [{ url: http://a, weight: "7" }] } }\nroutes: [{ name: a, to: u }]\n`,
      ).length,
      1,
    );
  });
});

test('the authority of a store lies beside the document that names it, and belongs to what the version stands for', () => {
  const store = `stores: { s: { url: "rediss://a:1", ca: ca.pem } }\n`;
  const file = write('with-store/cardea.yaml', `include: [stores.yaml]\n${routes(1)}`);
  write('with-store/stores.yaml', store);
  const missing = good(file);
  assert.equal(missing.stores[0]?.ca, path.join(folder, 'with-store/ca.pem'));
  write('with-store/ca.pem', 'one');
  const one = good(file);
  write('with-store/ca.pem', 'other');
  assert.equal(new Set([missing, one, good(file)].map(({ version }) => version)).size, 3);
});
