// The command line as people and programs use it: exit codes, messages, tables, JSON.

import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { ANSWERS_PATH } from '../../../src/exchange/deferred/answers-path.ts';
import { opaqueToken } from '../../../src/upstream/affinity.ts';
import { type Child, startChild, untilSaid } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { listeningPort } from '../../support/listening-port.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const command = path.join(root, 'bin/cardea');
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function cardea(args: readonly string[], options: { command?: string; env?: NodeJS.ProcessEnv } = {}): Promise<Said> {
  return new Promise(resolve => {
    const child = { cwd: folder, env: { ...process.env, ...options.env }, timeout: 60_000 };
    execFile(options.command ?? command, args, child, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
  });
}

/** Waits for a line on standard error; fails when the command ends first, or takes too long. */
function file(name: string, lines: readonly string[]): string {
  const full = path.join(folder, name);
  writeFileSync(full, `${lines.join('\n')}\n`);
  return full;
}

const good = [
  'listeners: [{ address: 127.0.0.1:0 }]',
  'admin: { address: "127.0.0.1:0" }',
  'upstreams:',
  '  users: { endpoints: ["http://127.0.0.1:9000"] }',
  '  orders: { endpoints: ["http://127.0.0.1:9001"] }',
  'filters: [{ requestId: {} }]',
  'routes:',
  '  - name: user',
  '    match: { host: api.example.com, path: "/users/{id}", methods: [GET] }',
  '    filters: [{ bodyLimit: { max: 1MiB } }]',
  '    rewrite: { path: "/v2/{id}" }',
  '    to: users',
  '  - { name: users, match: { host: api.example.com, path: /users/* }, to: users }',
  '  - { name: orders, match: { path: /orders/* }, to: orders }',
];
file('cardea.yaml', good);
file('stores.yaml', ['stores: { keys: { url: "sqlite:keys.db" } }', ...good]);

describe('wrong command lines: one message, exit 2', { concurrency: 2 }, () => {
  const wrong: [string[], RegExp][] = [
    [[], /a command is missing.*run, validate/],
    [['rnu'], /no command rnu; did you mean run\?/],
    [['frobnicate'], /no command frobnicate; there are run/],
    [['--verison'], /no option --verison/],
    [['run', '--wrokers', '2'], /no option --wrokers; did you mean --workers\?/],
    [['run', '--workers', '0'], /--workers 0: expected a whole number/],
    [['run', '--workers', '1.5'], /--workers 1.5/],
    [['run', '-c'], /-c needs a value/],
    [
      ['validate', 'cardea.yaml'],
      /does not know what to do with "cardea.yaml"; a configuration is given with -c FILE$/m,
    ],
    [['password', 'secret'], /does not know what to do with "secret"$/m],
    [['explain', 'GET'], /needs URL/],
    [['explain', 'GET', 'ftp://x/'], /not a URL/],
    [
      ['explain', 'GET', 'http://me:geheim@api.example.com/'],
      /^(?!.*geheim).*takes no user and password.*authorization: Basic/,
    ],
    [['explain', 'GET', 'ftp://me:geheim@x/'], /^(?!.*geheim).*not a URL/],
    [['explain', '/x', 'GET'], /"\/x" is not a method; .*cardea explain GET \/x$/m],
    [['explain', 'http://me:geheim@x/', 'GET'], /^(?!.*geheim).*not a method/],
    [['explain', 'G T', '/x'], /"G T" is not a method such as GET/],
    [['explain', 'GET', '/x', '-H', 'nocolon'], /not a header/],
    [['diff', 'cardea.yaml'], /needs B/],
    [['keys', 'add', '-c', 'stores.yaml', '--consumer', 'a', '--expires', '2027-02-31'], /a day such as/],
    [['keys', 'add', '-c', 'stores.yaml', '--consumer', 'a', '--expires', '2020-01-31'], /that day is over/],
  ];
  for (const [args, message] of wrong) {
    test(args.join(' ') || '(nothing)', async () => {
      const { code, out, err } = await cardea(args);
      assert.equal(code, 2, err);
      assert.equal(out, '');
      assert.match(err, message);
      assert.equal(err.trim().split('\n').length, 1, err);
    });
  }
});

test('help of the whole and of each command, and the version', async () => {
  const overview = await cardea(['--help']);
  assert.equal(overview.code, 0);
  for (const name of ['run', 'validate', 'explain', 'routes', 'diff', 'schema', 'demo']) {
    assert.match(overview.out, new RegExp(`^  ${name} `, 'm'));
    const own = await cardea([name, '--help']);
    assert.equal(own.code, 0);
    assert.match(own.out, new RegExp(`^Usage: cardea ${name}`));
  }
  assert.match((await cardea(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
});

test('the launcher works through links and from any working directory', async () => {
  const link = path.join(folder, 'linked');
  symlinkSync(path.relative(folder, command), link);
  symlinkSync(link, path.join(folder, 'linked-again'));
  const { code, out } = await cardea(['--version'], { command: path.join(folder, 'linked-again') });
  assert.equal(code, 0);
  assert.match(out, /^\d/);
});

test('a home that is not there is not made', async () => {
  const home = path.join(folder, 'nobody');
  const { code } = await cardea(['--version'], { env: { HOME: home, XDG_CACHE_HOME: '', NODE_COMPILE_CACHE: '' } });
  assert.equal(code, 0);
  assert.equal(existsSync(home), false);
});

describe('validate', { concurrency: 2 }, () => {
  test('accepts, in words and in JSON', async () => {
    const said = await cardea(['validate']);
    assert.equal(said.code, 0, said.err);
    assert.match(said.out, /cardea\.yaml: ok \(3 routes, 2 upstreams, 1 listener\)/);
    const json = await cardea(['validate', '--json']);
    assert.deepEqual({ ...JSON.parse(json.out), version: '' }, { ok: true, version: '', problems: [] });
  });

  test('tells every error at once, those of schema and those of compiling, with their places', async () => {
    const conflict = file('conflict.yaml', [
      ...good,
      '  - { name: again, match: { path: /orders/* }, to: users }',
      '  - { name: regex, match: { path: "~/((" }, to: users }',
    ]);
    const said = await cardea(['validate', '-c', conflict]);
    assert.equal(said.code, 1);
    assert.match(said.err, /conflict\.yaml:15:\d+: error: .*"again".*"orders"/);
    assert.match(said.err, /conflict\.yaml:16:\d+: error: /);
    const json = await cardea(['validate', '--json', '-c', conflict]);
    assert.equal(json.code, 1);
    assert.deepEqual(
      JSON.parse(json.out).problems.map((problem: { line: number }) => problem.line),
      [15, 16],
    );
  });

  test('tells certificates that are not there beside errors of schema, each in its listener', async () => {
    mkdirSync(path.join(folder, 'parts'), { recursive: true });
    const listener = (name: string) => [
      'listeners:',
      '  - { address: nonsense }',
      `  - { address: ":8443", tls: { certificates: [{ folder: "${name}" }] } }`,
    ];
    file('parts/more.yaml', listener('theirs'));
    const wrong = file('files.yaml', [
      'include: [parts/more.yaml]',
      ...listener('ours'),
      ...good.slice(1),
      '  - { to: a }',
    ]);
    const said = await cardea(['validate', '-c', wrong]);
    assert.equal(said.code, 1);
    assert.match(said.err, /files\.yaml:3:\d+: error: expected an address/);
    assert.match(said.err, new RegExp(`files\\.yaml:4:\\d+: error: there is no folder ${folder}/ours`));
    assert.match(said.err, /more\.yaml:2:\d+: error: expected an address/);
    assert.match(said.err, new RegExp(`more\\.yaml:3:\\d+: error: there is no folder ${folder}/parts/theirs`));
  });

  test('an error in a store is told once, and not of the canaries and filters that name it', async () => {
    const wrong = file('wrong-store.yaml', [
      ...good,
      '  - { name: next, match: { path: /next }, to: users, canary: { upstream: orders, store: state } }',
      '  - { name: held, match: { path: /held }, to: users, filters: [{ quota: { limit: 1k/day, store: state, by: ip } }] }',
      'stores: { state: { url: "radis://127.0.0.1" } }',
    ]);
    const { code, out } = await cardea(['validate', '--json', '-c', wrong]);
    assert.equal(code, 1);
    assert.deepEqual(
      JSON.parse(out).problems.map(({ path: at }: { path: string[] }) => at.join('.')),
      ['stores.state.url'],
    );
  });

  test('from the root, where services run, files have their whole names', async () => {
    const config = file('wrong-name.yaml', ['rooutes: []']);
    const script = `cd / && "${command}" validate -c "${config}"`;
    const said = await cardea(['-c', script], { command: 'sh' });
    assert.ok(said.err.startsWith(`${config}:1:1: error: `), said.err);
  });

  test('takes a document from a pipe, which can be read once', async () => {
    const script = `cat cardea.yaml | "${command}" validate -c /dev/stdin`;
    const piped = await cardea(['-c', script], { command: 'sh' });
    assert.deepEqual([piped.code, piped.err], [0, '']);
  });

  test('a file that is not there is one message', async () => {
    const said = await cardea(['validate', '-c', 'absent.yaml']);
    assert.equal(said.code, 1);
    assert.match(said.err, /absent\.yaml/);
    assert.doesNotMatch(said.err, /at .*\.ts/);
  });

  test('what is wrong is told by other commands with --json in the same words', async () => {
    const wrong = file('wrong-for-all.yaml', [...good, '  - { name: lost, match: { path: /lost }, to: nobody }']);
    const validated = await cardea(['validate', '--json', '-c', wrong]);
    assert.equal(validated.code, 1);
    assert.match(JSON.parse(validated.out).problems[0].message, /"nobody"/);
    for (const args of [['audit'], ['routes'], ['explain', 'GET', '/'], ['keys', 'list'], ['drill', 'failover']])
      assert.deepEqual(await cardea([...args, '--json', '-c', wrong]), validated, args.join(' '));
    assert.deepEqual(await cardea(['diff', '--json', 'cardea.yaml', wrong]), validated);
  });

  test('what is wrong with both sides of a diff is one document', async () => {
    const wrong = ['one', 'two'].map(name => file(`wrong-${name}.yaml`, [...good, `${name}: 1`]));
    const { code, out, err } = await cardea(['diff', '--json', ...wrong]);
    assert.deepEqual([code, err], [1, '']);
    const messages = JSON.parse(out).problems.map(({ message }: { message: string }) => message.split(';')[0]);
    assert.deepEqual(messages, ['unknown key "one"', 'unknown key "two"']);
  });
});

describe('explain', { concurrency: 2 }, () => {
  test('names route, filters in order, upstream and path as sent', async () => {
    const said = await cardea(['explain', 'GET', 'http://api.example.com/users/./7']);
    assert.equal(said.code, 0, said.err);
    assert.match(said.out, /route +user\n/);
    assert.match(said.out, /1\. requestId \(global\)\n.*2\. bodyLimit\n/);
    assert.match(said.out, /sent as +\/v2\/7\n/);
    assert.match(said.out, /http:\/\/127\.0\.0\.1:9000/);
    const json = JSON.parse((await cardea(['explain', '--json', 'GET', 'http://api.example.com/users/7'])).out);
    assert.deepEqual([json.route, json.params, json.upstreamPath], ['user', { id: '7' }, '/v2/7']);
    assert.equal(json.upstreamHost, null);
    assert.doesNotMatch(said.out, /host sent/);
  });

  test('names the host that the upstream is told, as written where it comes from outside', async () => {
    const route = (name: string, host: string, to: string) =>
      `  - { name: ${name}, match: { path: /${name} }, rewrite: { host: "${host}" }, to: ${to} }`;
    const document = file('rewritten-host.yaml', [
      ...good,
      route('inside', 'users.internal', 'users'),
      route('outside', '${env:INSIDE_HOST}', '[{ upstream: users, weight: 1 }, { upstream: orders, weight: 1 }]'),
    ]);
    const env = { INSIDE_HOST: 'hidden.internal' };
    const said = await cardea(['explain', '-c', document, 'GET', '/inside'], { env });
    assert.match(said.out, /sent as +\/inside\nhost sent +users\.internal\n/);
    const json = await cardea(['explain', '--json', '-c', document, 'GET', '/outside'], { env });
    assert.equal(JSON.parse(json.out).upstreamHost, '${env:INSIDE_HOST}');
  });

  test('names the host that the upstreams of a route get', async () => {
    const document = file('hosts.yaml', [
      'listeners: [{ address: 127.0.0.1:8080 }]',
      'upstreams:',
      '  own: { endpoints: [http://a], host: endpoint }',
      '  named: { endpoints: [http://b], host: "${env:INSIDE_HOST}" }',
      '  plain: { endpoints: [http://c], host: client }',
      'routes:',
      '  - { name: own, match: { path: /own }, to: own }',
      '  - { name: named, match: { path: /named }, to: named }',
      '  - { name: both, match: { path: /both }, to: [{ upstream: named, weight: 1 }, { upstream: plain, weight: 1 }] }',
    ]);
    const env = { INSIDE_HOST: 'hidden.internal' };
    const said = async (url: string) => (await cardea(['explain', '-c', document, 'GET', url], { env })).out;
    assert.match(await said('/own'), /host sent +that of the endpoint\n/);
    assert.match(await said('/named'), /host sent +\$\{env:INSIDE_HOST\}\n/);
    const both = await said('/both');
    assert.doesNotMatch(both, /host sent/);
    assert.match(both, /http:\/\/b:80 \(named, p2c, host: \$\{env:INSIDE_HOST\}\)/);
    assert.match(both, /http:\/\/c:80 \(plain, p2c\)/);
  });

  test('names the canary, and whether the request gets it whatever its share', async () => {
    const document = file('with-canary.yaml', [
      ...good,
      '  - name: next',
      '    match: { path: /next }',
      '    to: users',
      '    canary: { upstream: orders, always: { headers: { x-canary: "1" } } }',
    ]);
    const said = await cardea(['explain', '-c', document, 'GET', '/next?a=1', '-H', 'x-canary:  1 ']);
    assert.match(said.out, /to +users\ncanary +orders \(this request always\)\nsent as +\/next\?a=1\n/);
    assert.match(said.out, /endpoint +http:\/\/127\.0\.0\.1:9000 .*\nendpoint +http:\/\/127\.0\.0\.1:9001 /);
    const json = await cardea(['explain', '--json', '-c', document, 'GET', '/next']);
    assert.deepEqual(JSON.parse(json.out).canary, { upstream: 'orders', always: false });
  });

  test('names the route that kept an answer, by the path that its client was told', async () => {
    const document = file('with-async.yaml', [
      ...good,
      '  - { name: slow, match: { path: /slow }, to: users, async: { after: 1s } }',
      '  - { name: rest, match: { path: /* }, to: users }',
    ]);
    const answer = async (route: string) => {
      const url = `${ANSWERS_PATH}${opaqueToken(ANSWERS_PATH, route)}/0123456789abcdef`;
      const { code, out } = await cardea(['explain', '--json', '-c', document, 'GET', url]);
      return [code, JSON.parse(out).outcome, JSON.parse(out).route];
    };
    assert.deepEqual(await answer('slow'), [0, 'routed', 'slow']);
    assert.deepEqual(await answer('rest'), [1, 'route_not_found', null]);
  });

  test('no route, a method that none serves, a path that is refused', async () => {
    const outcome = async (...args: string[]) => {
      const { code, out } = await cardea(['explain', '--json', ...args]);
      assert.equal(code, 1);
      return JSON.parse(out).outcome;
    };
    assert.equal(await outcome('GET', 'http://other.example.com/users/7'), 'route_not_found');
    assert.equal(await outcome('GET', '/users/7'), 'route_not_found');
    assert.equal(await outcome('GET', 'http://api.example.com/users/a%2fb'), 'path_refused');
  });

  test('what the gateway does by itself: OPTIONS, preflights, TRACE, methods that it does not know', async () => {
    const told = async (...args: string[]) => {
      const { code, out } = await cardea(['explain', '--json', ...args]);
      const { outcome, route, filters } = JSON.parse(out);
      return [code, outcome, route, filters.map(({ name }: { name: string }) => name).join()];
    };
    const only = file('only.yaml', [...good.filter(line => !line.includes('name: users'))]);
    const url = 'http://api.example.com/users/7';
    assert.deepEqual(await told('-c', only, 'OPTIONS', url), [0, 'options', null, '']);
    const preflight = ['-H', 'origin: https://app.example.com', '-H', 'access-control-request-method: GET'];
    assert.deepEqual(await told('-c', only, 'OPTIONS', url, ...preflight), [
      0,
      'options',
      'user',
      'requestId,bodyLimit',
    ]);
    assert.deepEqual(await told('TRACE', 'http://api.example.com/orders/1'), [1, 'method_not_allowed', null, '']);
    assert.deepEqual(await told('BAN', 'http://api.example.com/orders/1'), [1, 'method_not_implemented', null, '']);
    assert.deepEqual(await told('CONNECT', 'http://api.example.com/orders/1'), [1, 'method_not_implemented', null, '']);
  });

  test('a Host header says what is asked for, as with curl, also where the URL says where to connect', async () => {
    const host = ['-H', 'Host: API.example.com:8080'];
    for (const url of ['/users/7', 'http://127.0.0.1:8080/users/7']) {
      const { out } = await cardea(['explain', '--json', 'POST', url, ...host]);
      assert.equal(JSON.parse(out).route, 'users', url);
    }
    const twice = await cardea(['explain', 'POST', '/users/7', ...host, ...host]);
    assert.deepEqual(
      [twice.code, twice.err],
      [2, 'cardea: a request has one Host: the gateway refuses others with 400\n'],
    );
    const none = await cardea(['explain', 'GET', 'http://api.example.com:99999/users/7']);
    assert.match(none.err, /^cardea: not a host with an optional port: "api\.example\.com:99999"\n$/);
  });
});

test('routes as an aligned table and as JSON', async () => {
  const { out } = await cardea(['routes']);
  const [heading, ...rows] = out.trimEnd().split('\n');
  assert.match(heading!, /^ROUTE +HOST +METHOD +PATH +FILTERS +TO/);
  assert.equal(rows.length, 3);
  assert.ok(rows.every(row => row.indexOf('/') === heading!.indexOf('PATH')));
  assert.doesNotMatch(out, /\x1b/);
  assert.equal(JSON.parse((await cardea(['routes', '--json'])).out)[0].name, 'user');
});

test('explain and routes show how a value from outside is written, not the value', async () => {
  const config = file('outside.yaml', [
    ...good.slice(0, -1),
    '  - { name: hook, match: { path: "/hooks/${env:HOOK}/*", headers: { x-origin: "${env:ORIGIN}" } }, to: orders }',
    '  - { name: away, match: { path: /away }, to: { redirect: { url: "https://a.example.com/?k=${env:HOOK}" } } }',
  ]);
  const env = { HOOK: 'hook-1f6d0', ORIGIN: 'only-the-cdn-knows' };
  for (const args of [
    ['routes'],
    ['routes', '--json'],
    ['explain', 'GET', '/hooks/hook-1f6d0/x'],
    ['explain', '--json', 'GET', '/away'],
    ['explain', '--json', 'GET', '/hooks/none/x', '-H', 'x-origin: other'],
  ]) {
    const { out, err } = await cardea([...args, '-c', config], { env });
    assert.equal(err, '');
    const ofGateway = out.replaceAll('/hooks/hook-1f6d0/x', '');
    for (const secret of Object.values(env)) assert.ok(!ofGateway.includes(secret), `${args.join(' ')}: ${out}`);
  }
  const { out } = await cardea(['explain', 'GET', '/hooks/hook-1f6d0/x', '-c', config], { env });
  assert.match(out, /header x-origin is "\$\{env:ORIGIN\}"/);
});

test('explain reads a header field as the gateway does, letter by byte', async () => {
  const config = file('bytes.yaml', [
    ...good.slice(0, -1),
    "  - { name: utf8, match: { path: /b, headers: { x-a: '~\\xC3\\xBC' } }, to: orders }",
  ]);
  const { code, out } = await cardea(['explain', '--json', 'GET', '/b', '-H', 'x-a: ü', '-c', config]);
  assert.equal(code, 0, out);
  assert.deepEqual(JSON.parse(out).request.headers.at(-1), ['x-a', 'ü']);
});

test('diff tells what would change, and exits 0', async () => {
  const changed = file('changed.yaml', [
    ...good
      .filter(line => !line.includes('name: orders'))
      .map(line => line.replace('9001', '9002'))
      .map(line =>
        line.replace('filters: [{ requestId: {} }]', 'filters: [{ requestId: {} }, { bodyLimit: { max: 64KiB } }]'),
      ),
    '  - { name: fresh, match: { path: /fresh }, to: orders }',
  ]);
  const { code, out } = await cardea(['diff', 'cardea.yaml', changed]);
  assert.equal(code, 0);
  assert.match(out, /orders/);
  assert.match(out, /fresh/);
  assert.match(out, /^ +\[bodyLimit\]: nothing -> .*"max":"64KiB"/m);
  assert.doesNotMatch(out, /\buser\b/);
});

test('a store’s file is where the configuration is, from whatever directory keys are added', async () => {
  const elsewhere = path.join(folder, 'elsewhere');
  mkdirSync(elsewhere);
  const script = `cd elsewhere && "${command}" keys add -c ../stores.yaml --consumer acme --id one`;
  assert.equal((await cardea(['-c', script], { command: 'sh' })).code, 0);
  assert.deepEqual(readdirSync(elsewhere), []);
  const { out } = await cardea(['keys', 'list', '-c', 'stores.yaml', '--json']);
  assert.equal(JSON.parse(out)[0].id, 'one');
});

test('a store of keys that is away is named, with the reason and not where it is', async () => {
  const port = await freePort();
  for (const scheme of ['postgres', 'redis']) {
    const config = file(`${scheme}-away.yaml`, [
      `stores: { far: { url: "${scheme}://127.0.0.1:${port}/0" } }`,
      ...good,
    ]);
    const { code, err } = await cardea(['keys', 'list', '-c', config]);
    assert.deepEqual([code, err], [1, 'cardea: the store "far" is away: ECONNREFUSED\n']);
  }
});

test('a SQLite file whose folder is made with those above it, and one whose folder cannot be made', async () => {
  const list = (name: string) => {
    const config = file('sqlite.yaml', [`stores: { local: { url: "sqlite:${name}" } }`, ...good]);
    return cardea(['keys', 'list', '-c', config]);
  };
  assert.equal((await list(path.join(folder, 'new/folder/keys.db'))).code, 0);
  assert.ok(existsSync(path.join(folder, 'new/folder/keys.db')));
  // A file where a folder is needed fails everywhere; below /proc, if it exists, Node tries again and again.
  for (const name of [path.join(folder, 'cardea.yaml/keys.db'), '/proc/absent/keys.db']) {
    const { code, err } = await list(name);
    assert.equal(code, 1, err);
    assert.match(err, /^cardea: the store "local" is away: .*\n$/);
  }
});

test('a reader that goes away does not change what a check found', async () => {
  const routes = Array.from(
    { length: 2_000 },
    (_, at) => `  - { name: unguarded-${at}, match: { path: /p${at}/* }, to: users }`,
  );
  const config = file('unguarded.yaml', [...good, ...routes]);
  const script = `{ "${command}" audit -c ${config}; echo "exit $?" >&2; } | head -1`;
  const { out, err } = await cardea(['-c', script], { command: 'sh' });
  assert.match(out, /^ROUTE/);
  assert.equal(err.trim(), 'exit 1');
});

test('schema is a JSON Schema that knows the filters', async () => {
  const { out } = await cardea(['schema']);
  assert.match(JSON.parse(out).$schema, /json-schema\.org/);
  assert.match(out, /bodyLimit/);
});

describe('starts that fail leave nothing open, with one message and exit 1', { concurrency: 2 }, () => {
  for (const what of ['listener', 'admin'] as const) {
    test(`the port of the ${what} is in use`, async t => {
      const other = createServer();
      const taken = await listeningPort(other);
      t.after(() => other.close());
      const free = await freePort();
      const [listener, admin] = what === 'listener' ? [taken, free] : [free, taken];
      const config = file(`taken-${what}.yaml`, [
        `listeners: [{ address: "127.0.0.1:${listener}" }]`,
        `admin: { address: "127.0.0.1:${admin}" }`,
        ...good.slice(2),
      ]);
      const { code, err } = await cardea(['run', '-c', config]);
      assert.equal(code, 1);
      assert.match(err, new RegExp(`127\\.0\\.0\\.1:${taken}.*in use`));
      assert.equal(err.trim().split('\n').length, 1, err);
    });
  }

  for (const [what, listener, accessLog, said] of [
    ['an access log in no folder', '', '/no/such/access.log', /accessLog\.path: there is no folder \/no\/such$/m],
    [
      'a certificate that is not there',
      ', tls: { certificates: [{ cert: /no/such.pem, key: /no/such.key }] }',
      'off',
      /error: there is no file \/no\/such\.pem\n/,
    ],
  ] as const)
    test(what, async () => {
      const port = await freePort();
      const config = file(`cannot-open-${port}.yaml`, [
        `listeners: [{ address: "127.0.0.1:${port}"${listener} }]`,
        'admin: off',
        `accessLog: { path: "${accessLog}" }`,
        ...good.slice(2),
      ]);
      const { code, err } = await cardea(['run', '-c', config]);
      assert.equal(code, 1);
      assert.match(err, said);
      const free = createServer().listen(port, '127.0.0.1');
      await once(free, 'listening');
      free.close();
    });

  test('a second gateway on the same port is refused, although workers share theirs', async t => {
    const port = await freePort();
    const config = file('twice.yaml', [
      `listeners: [{ address: "127.0.0.1:${port}" }]`,
      'admin: off',
      ...good.slice(2),
    ]);
    const first = await startChild(command, ['run', '-c', config, '--workers', '1']);
    t.after(() => first.stop());
    await untilSaid(first, 'ready');
    const { code, err } = await cardea(['run', '-c', config]);
    assert.equal(code, 1);
    assert.match(err, /the port is in use by another process/);
    assert.equal(await first.stop(), 0);
  });

  test('an access log that cannot be opened: which setting, and what is missing', async () => {
    const said = async (log: string) => {
      const lines = [`accessLog: { path: ${log} }`, ...good];
      const { code, err } = await cardea(['run', '-c', file('log.yaml', lines), '--workers', '1']);
      assert.equal(code, 1);
      return err.trim();
    };
    assert.equal(await said('absent/access.log'), `cardea: accessLog.path: there is no folder ${folder}/absent`);
    assert.equal(await said(folder), `cardea: accessLog.path: ${folder} is a folder`);
    // The test reads a child's output through a socket, as the journal does.
    assert.match(await said('/dev/stdout'), /\/dev\/stdout cannot be opened: .*; `stdout` is standard output$/);
  });

  test('a configuration with errors', async () => {
    const config = file('wrong.yaml', ['listners: []']);
    const { code, err } = await cardea(['run', '-c', config]);
    assert.equal(code, 1);
    assert.match(err, /wrong\.yaml:1:1: error: .*listners/);
    assert.match(err, /not started: /);
  });
});

describe('signals while the configuration is still read', () => {
  /** A configuration in a pipe: once the pipe opens for writing, the gateway is about to read, and waits until the test writes. */
  async function reading(name: string, work: (gateway: Child, pipe: string) => Promise<void>): Promise<void> {
    const pipe = path.join(folder, name);
    execFileSync('mkfifo', [pipe]);
    const gateway = await startChild(command, ['run', '-c', pipe, '--workers', '1']);
    try {
      await work(gateway, pipe);
    } finally {
      await gateway.stop();
    }
  }

  test('SIGTERM: it leaves with 0, and has nothing to complain of', () =>
    reading('left.yaml', async (gateway, pipe) => {
      const writer = await open(pipe, 'w');
      process.kill(gateway.pid, 'SIGTERM');
      await writer.writeFile(`${good.join('\n')}\n`);
      await writer.close();
      assert.deepEqual([await gateway.exited, gateway.stderr()], [0, '']);
    }));

  test('SIGHUP: it is read again once it serves', () =>
    reading('again.yaml', async (gateway, pipe) => {
      const writer = await open(pipe, 'w');
      process.kill(gateway.pid, 'SIGHUP');
      await writer.writeFile(`${good.join('\n')}\n`);
      // Replaces the pipe, which is read to its end all the same.
      renameSync(file('next.yaml', good.slice(0, -1)), pipe);
      await writer.close();
      await untilSaid(gateway, '"configuration reloaded","cause":"SIGHUP"');
    }));
});

test('an upstream that cannot be reached at the start is told, and keeps nothing else from being served', async t => {
  const [port, nobody] = [await freePort(), await freePort()];
  const config = file('unreachable.yaml', [
    `listeners: [{ address: "127.0.0.1:${port}" }]`,
    'admin: off',
    'accessLog: { path: "off" }',
    `upstreams: { gone: { endpoints: ["http://127.0.0.1:${nobody}"] } }`,
    'routes:',
    '  - { name: gone, match: { path: /gone }, public: true, to: gone }',
    '  - { name: here, match: { path: /here }, public: true, to: { reply: { status: 200 } } }',
  ]);
  const gateway = await startChild(command, ['run', '-c', config, '--workers', '1']);
  t.after(() => gateway.stop());
  await untilSaid(
    gateway,
    `"endpoint cannot be reached","upstream":"gone","endpoint":"http://127.0.0.1:${nobody}","reason":"ECONNREFUSED"`,
  );
  await untilSaid(gateway, ' ready: ');
  const statusOf = async (target: string) => (await fetch(`http://127.0.0.1:${port}${target}`)).status;
  assert.deepEqual([await statusOf('/here'), await statusOf('/gone')], [200, 503]);
});

test('a gateway whose log nobody reads any more serves on and reloads', async t => {
  const port = await freePort();
  const lines = [`listeners: [{ address: "127.0.0.1:${port}" }]`, 'admin: off', ...good.slice(2)];
  const config = file('unread.yaml', lines);
  const gateway = spawn(command, ['run', '-c', config, '--workers', '1'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(gateway, 'exit');
  t.after(() => gateway.kill('SIGKILL'));
  let said = '';
  for await (const piece of gateway.stderr.setEncoding('utf8')) {
    said += piece;
    // Leaving the loop closes this end of the pipe.
    if (said.includes('ready')) break;
  }
  file('unread.yaml', [...lines, '  - { name: fresh, match: { path: /fresh }, to: { reply: { status: 200 } } }']);
  gateway.kill('SIGHUP');
  const fresh = async () => (await fetch(`http://127.0.0.1:${port}/fresh`)).status;
  await eventually(async () => (await fresh()) === 200, 'the new route serves');
  gateway.kill('SIGHUP');
  gateway.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
});

test('a gateway whose log is not read, and full, serves and ends', async t => {
  const port = await freePort();
  const config = file('full.yaml', [
    `listeners: [{ address: "127.0.0.1:${port}" }]`,
    'admin: off',
    'accessLog: { path: "off" }',
    'routes: [{ name: all, match: { path: /* }, public: true, to: { reply: { status: 200 } } }]',
  ]);
  const pipe = path.join(folder, 'full');
  execFileSync('mkfifo', [pipe]);
  const fill = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => closeSync(fill));
  assert.throws(
    () => {
      for (;;) writeSync(fill, Buffer.alloc(65_536));
    },
    { code: 'EAGAIN' },
  );
  const log = openSync(pipe, 'r+');
  const gateway = spawn(command, ['run', '-c', config, '--workers', '1'], { stdio: ['ignore', 'ignore', log] });
  closeSync(log);
  const exited = once(gateway, 'exit');
  t.after(() => gateway.kill('SIGKILL'));
  const serves = () => fetch(`http://127.0.0.1:${port}/`).then(({ ok }) => ok);
  await eventually(() => serves().catch(() => false), 'it serves');
  gateway.kill('SIGTERM');
  assert.deepEqual(await exited, [0, null]);
});

test('the ready line names real addresses, and the demo answers the requests that it prints', async () => {
  const demo = await startChild(command, ['demo', '--port', '0', '--admin-port', '0', '--workers', '2']);
  try {
    await untilSaid(demo, 'Ctrl-C');
    const said = demo.stderr();
    const ready =
      /^cardea \d+\.\d+\.\d+ ready: (http:\/\/127\.0\.0\.1:\d+) \(2 workers\), admin (http:\/\/127\.0\.0\.1:\d+)$/m.exec(
        said,
      );
    assert.ok(ready, said);
    assert.doesNotMatch(ready[1]!, /:0$/);
    const curls = said.split('\n').filter(line => line.startsWith('  curl '));
    assert.equal(curls.length, 3);
    for (const line of curls) {
      const { code, out } = await new Promise<Said>(resolve => {
        execFile('sh', ['-c', `${line} -w '\\n%{http_code}'`], (error, out, err) =>
          resolve({ code: error === null ? 0 : 1, out, err }),
        );
      });
      assert.equal(code, 0, line);
      assert.match(out, /\n20[01]$/, line);
    }
  } finally {
    assert.equal(await demo.stop(), 0);
  }
});
