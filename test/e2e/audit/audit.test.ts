// `cardea audit` as CI runs it: good and broken configurations, a running gateway that is probed, and the reports for machines. Runs the
// real command where reports and exit codes are checked first, and for TLS; all other findings are checked in this process. Examples are
// audited in test/e2e/examples.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { audit as auditCommand } from '../../../src/cli/audit.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { runHere } from '../../support/command-here.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const command = path.resolve(import.meta.dirname, '../../../bin/cardea');
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-audit-'));
let reached: string[] = [];
/** Status with which the service behind the gateway answers. */
let status = 200;
const backend = createServer((request, response) => {
  reached.push(`${request.method} ${request.url}`);
  response.writeHead(status).end('in');
});
let backendPort = 0;
let app = '';

before(async () => {
  backendPort = await listeningPort(backend);
  app = `upstreams: { app: { endpoints: ["http://127.0.0.1:${backendPort}"] } }
consumers: [{ name: acme, keys: [{ id: k1, hash: "sha256:${'0'.repeat(64)}" }] }]
`;
});
after(() => {
  backend.closeAllConnections();
  backend.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number;
  readonly out: string;
}

/** Runs the real command. */
function auditAlone(file: string, ...more: string[]): Promise<Outcome> {
  return new Promise(resolve =>
    execFile(command, ['audit', '-c', file, ...more], { timeout: 30_000 }, (error, stdout, stderr) =>
      // Because: without an error the command has ended with 0.
      resolve({ code: error === null ? 0 : Number(error.code), out: stdout + stderr }),
    ),
  );
}

async function audit(file: string, ...more: string[]): Promise<Outcome> {
  const { code, said } = await runHere(auditCommand, '-c', file, ...more);
  return { code, out: said };
}

/** Audits this configuration without running it. */
function auditText(routes: string): Promise<Outcome> {
  const file = path.join(folder, `${Math.random()}.yaml`);
  writeFileSync(file, `listeners: [{ address: 127.0.0.1:8080 }]\n${app}routes:\n${routes}`);
  return audit(file);
}

const aliased = 'another way to write the path';
const key = 'filters: [{ apiKey: {} }]';
const good = `  - name: token
    match: { path: /token/* }
    filters: [{ jwt: { issuer: "https://idp.invalid", audience: api, from: [bearer, { header: x-token }, { cookie: tk }], keys: { secret: "${'s'.repeat(64)}", algorithm: HS256 } } }]
    to: app
  - { name: key, match: { path: "/key/{id}" }, filters: [{ apiKey: { from: [{ header: x-key }, { query: k }, { cookie: ck }], failedLogins: 2/min } }, { rateLimit: { limit: 100/s, by: consumer } }], to: app }
  - name: login
    match: { path: /login/* }
    filters: [{ oidc: { issuer: "http://127.0.0.1:1", clientId: c, session: { keys: ["${'k'.repeat(40)}"] }, paths: { callback: /login/callback } } }]
    to: app
  - name: either
    match: { path: /either }
    filters: [{ anyOf: [{ apiKey: {} }, { basic: { users: [{ name: u, password: "$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI" }] } }] }]
    to: app
  - { name: wild, match: { host: "*.example.com", path: /wild }, ${key}, to: app }
  - { name: regex, match: { path: "~/r/[0-9]+(/x)?" }, ${key}, to: app }
  - { name: body, match: { path: /body, methods: [POST], body: { $.type: order } }, ${key}, to: app }
  - { name: health, match: { path: /health }, public: true, to: { reply: { status: 204 } } }
`;

test('a guarded configuration passes, and the running gateway refuses every probe', async t => {
  const gateway = await startGateway(`accessLog: { path: "off" }\n${app}routes:\n${good}`);
  t.after(() => gateway.stop());
  reached = [];
  const junit = path.join(folder, 'report.xml');
  const url = `http://127.0.0.1:${gateway.port}`;
  const json = await auditAlone(gateway.configPath, '--probe', url, '--json', '--junit', junit);
  assert.equal(json.code, 0, json.out);
  const report = JSON.parse(json.out) as {
    ok: boolean;
    routes: { name: string; public: boolean; guards: string[]; findings: unknown[]; samples: object[] }[];
    probes: { route: string; probe: string; status: number; code: string; ok: boolean }[];
  };
  assert.equal(report.ok, true);
  assert.deepEqual(
    report.routes.map(({ name, guards }) => `${name} ${guards.join()}`),
    [
      'token jwt',
      'key apiKey',
      'login oidc',
      'either anyOf(apiKey, basic)',
      'wild apiKey',
      'regex apiKey',
      'body apiKey',
      'health ',
    ],
  );
  assert.ok(report.routes.every(({ findings, samples }) => findings.length === 0 && samples.length > 0));
  const probed = new Set(report.probes.map(({ route }) => route));
  assert.deepEqual([...probed], ['token', 'key', 'login', 'either', 'wild', 'regex', 'body']);
  assert.deepEqual(
    report.probes.filter(({ ok }) => !ok),
    [],
  );
  assert.ok(report.probes.length > 100);
  for (const place of ['x-key', 'the cookie ck', 'the parameter k'])
    assert.ok(
      report.probes.some(({ route, probe }) => route === 'key' && probe === `a made-up key in ${place}`),
      place,
    );
  const sentTo = (route: string) => new Set(report.probes.filter(each => each.route === route).map(each => each.probe));
  const tokens = ['a malformed token', 'an expired token', 'a token from a wrong issuer', 'a token with alg none'];
  for (const { name } of report.routes.filter(each => !each.public))
    for (const probe of ['no credential', ...tokens, 'a wrong password', 'forged identity headers', aliased])
      assert.ok(sentTo(name).has(probe), `${name}: ${probe}`);
  for (const place of ['x-token', 'the cookie tk'])
    for (const token of tokens) assert.ok(sentTo('token').has(`${token} in ${place}`), `${token} in ${place}`);
  const throttled = report.probes.filter(({ code }) => code === 'too_many_failed_logins');
  assert.ok(throttled.length > 0 && throttled.every(({ status }) => status === 429));
  assert.deepEqual(reached, [], 'no probe came to the upstream');

  const text = await audit(gateway.configPath, '--probe', url);
  assert.equal(text.code, 0, text.out);
  const [, refused, all, held] =
    /(\d+) of (\d+) probes over HTTP\/1\.1 were refused as required, (\d+) of them unseen/.exec(text.out)!;
  assert.equal(refused, all);
  assert.ok(Number(held) >= throttled.length);
  assert.match(text.out, /unseen at .*key \(\d+\).*: raise failedLogins to test these/);

  const xml = readFileSync(junit, 'utf8');
  assertWellFormed(xml);
  assert.match(
    xml,
    new RegExp(
      `<testsuite name="cardea audit" tests="${report.routes.length + report.probes.length}" failures="0" skipped="${throttled.length}">`,
    ),
  );
});

test('a gateway that runs something else than the audited configuration is found out', async t => {
  const gateway: RunningGateway = await startGateway(
    `accessLog: { path: "off" }\n${app}routes: [{ name: all, match: { path: /* }, public: true, to: app }]\n`,
  );
  t.after(() => gateway.stop());
  const file = path.join(folder, 'guarded.yaml');
  writeFileSync(file, `listeners: [{ address: 127.0.0.1:8080 }]\n${app}routes:\n${good}`);
  const junit = path.join(folder, 'failures.xml');
  const { code, out } = await audit(file, '--probe', `http://127.0.0.1:${gateway.port}`, '--junit', junit);
  assert.equal(code, 1);
  assert.match(out, /probe\s+key: no credential .*expected 401 or 403, got 200/);
  assert.match(out, /8 routes, no finding, \d+ probes failed/);
  const xml = readFileSync(junit, 'utf8');
  assertWellFormed(xml);
  assert.match(xml, /<failure message="expected 401 or 403, got 200"\/>/);
});

test('where a credential is optional, rules behind it guard, and a public route has to refuse wrong ones', async t => {
  const scrypt = '$scrypt$ln=14,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI';
  const basic = `basic: { users: [{ name: u, password: "${scrypt}" }], failedLogins: off, optional: true }`;
  const keys = 'apiKey: { from: [{ header: x-key }, bearer, { query: k }], failedLogins: off, optional: true }';
  const of = (filters: string) => `${app}routes:
  - { name: open, match: { path: /open/* }, public: true, filters: [${filters}], to: app }
  - { name: ruled, match: { path: /ruled }, filters: [${filters === '' ? `{ ${keys} }, ` : `${filters}, `}{ acl: { allow: [{ consumers: [acme] }] } }], to: app }
  - { name: health, match: { path: /health }, public: true, to: { reply: { status: 204 } } }
`;
  const gateway = await startGateway(`accessLog: { path: "off" }\n${of(`{ ${keys} }, { ${basic} }`)}`);
  t.after(() => gateway.stop());
  reached = [];
  const { code, out } = await audit(gateway.configPath, '--probe', `http://127.0.0.1:${gateway.port}`, '--json');
  assert.equal(code, 0, out);
  const { routes, probes } = JSON.parse(out) as {
    routes: { name: string; guards: string[] }[];
    probes: { route: string; probe: string; ok: boolean }[];
  };
  assert.deepEqual(
    routes.map(({ name, guards }) => `${name} ${guards.join()}`),
    ['open ', 'ruled acl', 'health '],
  );
  const sent = probes.filter(({ route }) => route === 'open').map(({ probe }) => probe);
  for (const probe of [
    'a malformed token',
    'an expired token in x-key',
    'a token with alg none in the parameter k',
    'a wrong password',
  ])
    assert.ok(sent.includes(probe), probe);
  assert.ok(!sent.includes('no credential'));
  assert.deepEqual(reached, [], 'no probe came to the upstream');

  const other = await startGateway(`accessLog: { path: "off" }\n${of('')}`);
  t.after(() => other.stop());
  const found = await audit(gateway.configPath, '--probe', `http://127.0.0.1:${other.port}`);
  assert.equal(found.code, 1);
  assert.match(found.out, /open: a malformed token in x-key .*: expected 401 or 403, got 200/);
});

test('a credential that is optional is no guard, and the finding says what would be one', async () => {
  const { code, out } = await auditText(
    '  - { name: a, match: { path: /a }, filters: [{ apiKey: { optional: true } }], to: app }\n',
  );
  assert.equal(code, 1);
  assert.match(
    out,
    /a: apiKey is `optional`, so it lets callers without a credential pass; add an `acl` that asks who calls/,
  );
});

test('what a service, a limit or an upstream that is away answers is no refusal of a guard', async t => {
  const file = path.join(folder, 'one.yaml');
  const document = (routes: string) => `${app}routes:\n${routes}`;
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:8080 }]\n${document(`  - { name: a, match: { path: /a/* }, ${key}, to: app }\n`)}`,
  );
  const probed = async (running: string) => {
    const gateway = await startGateway(`accessLog: { path: "off" }\n${running}`);
    t.after(() => gateway.stop());
    const outcome = await audit(file, '--probe', `http://127.0.0.1:${gateway.port}`);
    assert.equal(outcome.code, 1, outcome.out);
    return outcome.out;
  };
  t.after(() => (status = 200));
  status = 401;
  const open = await probed(document('  - { name: a, match: { path: /a/* }, public: true, to: app }\n'));
  assert.match(open, /a: no credential .*: it was let through: the 401 is not the gateway's/);
  status = 200;
  const limit = 'filters: [{ rateLimit: { limit: 1/h, by: ip } }]';
  const limited = await probed(document(`  - { name: a, match: { path: /a/* }, ${limit}, public: true, to: app }\n`));
  assert.match(limited, /a: no credential .*: expected 401 or 403, got 200/);
  assert.match(limited, /a: a malformed token .*: expected 401 or 403, got 429: a limit \(rate_limited\) responded/);
  assert.match(limited, /another way to write the path .*: no guard refused it: 429 rate_limited/);
  const away = app.replace(String(backendPort), '1');
  const broader = '  - { name: all, match: { path: /* }, public: true, to: app }';
  const dead = await probed(
    `${away}routes:\n  - { name: a, match: { path: /a/auditsample }, ${key}, to: app }\n${broader}\n`,
  );
  assert.match(dead, /another way to write the path .*: no guard refused it: 503 upstream_connect_failed/);
  assert.doesNotMatch(dead, /no credential/);
});

test('a listener that speaks HTTP/2 is probed by that as well, and by that alone where it speaks nothing else', async t => {
  const probed = async (protocols: string, more = '') => {
    const gateway = await startGateway(`listeners:
  - { address: "127.0.0.1:{{port}}", protocols: [${protocols}] }
admin: { address: "127.0.0.1:{{adminPort}}" }
${app}routes:
  - { name: key, match: { path: /key/* }, ${key}, to: app }
  - { name: host, match: { host: api.example.com, methods: [POST], body: { $.a: b } }, ${key}, to: app }
${more}`);
    t.after(() => gateway.stop());
    const url = `http://127.0.0.1:${gateway.port}`;
    const { code, out } = await audit(gateway.configPath, '--probe', url, '--json');
    const { probes } = JSON.parse(out) as {
      probes: { protocol: string; probe: string; status: number; ok: boolean }[];
    };
    return { code, probes, url, file: gateway.configPath };
  };
  const both = await probed('http/1.1, h2c');
  assert.equal(both.code, 0);
  const [first, second] = ['HTTP/1.1', 'HTTP/2'].map(
    name => new Set(both.probes.filter(each => each.protocol === name).map(({ probe }) => probe)),
  );
  assert.deepEqual([...second!], ['no credential', aliased]);
  assert.ok(first!.isSupersetOf(second!));
  const { out } = await audit(both.file, '--probe', both.url);
  assert.match(out, /probes over HTTP\/1\.1 and HTTP\/2 were refused/);
  const alone = await probed('h2c');
  assert.equal(alone.code, 0);
  assert.deepEqual(new Set(alone.probes.map(({ protocol }) => protocol)), new Set(['HTTP/2']));
  assert.deepEqual(new Set(alone.probes.map(({ probe }) => probe)), first);
  assert.ok(alone.probes.every(each => each.status >= 400));
  const shifted = readFileSync(both.file, 'utf8').replace(new URL(both.url).port, '18080');
  const file = path.join(folder, 'shifted.yaml');
  writeFileSync(file, shifted);
  const behind = await audit(file, '--probe', both.url);
  assert.equal(behind.code, 0);
  assert.match(behind.out, /probes over HTTP\/1\.1 were.*\nHTTP\/2 was not probed/s);
});

test('a gateway that is not there is a failure', async () => {
  const file = path.join(folder, 'away.yaml');
  writeFileSync(
    file,
    `listeners: [{ address: 127.0.0.1:8080 }]\n${app}routes: [{ name: a, match: { path: /a }, ${key}, to: app }]\n`,
  );
  const { code, out } = await audit(file, '--probe', 'http://127.0.0.1:1');
  assert.equal(code, 1);
  assert.match(out, /no answer/);
});

const broken: [what: string, routes: string, expected: RegExp][] = [
  ['no guard', '  - { name: a, match: { path: /a }, to: app }', /no_guard/],
  [
    'a filter that guards nothing',
    '  - { name: a, match: { path: /a }, filters: [{ cors: { origins: ["https://a.example"] } }], to: app }',
    /no_guard/,
  ],
  [
    'a service whose absence opens',
    '  - { name: a, match: { path: /a }, filters: [{ forwardAuth: { url: "http://127.0.0.1:1/", onFailure: open } }], to: app }',
    /no_guard/,
  ],
  [
    'one open way in anyOf',
    `  - { name: a, match: { path: /a }, filters: [{ anyOf: [{ apiKey: {} }, { forwardAuth: { url: "http://127.0.0.1:1/", onFailure: open } }] }], to: app }`,
    /no_guard/,
  ],
  [
    'a limit before the identity',
    '  - { name: a, match: { path: /a }, filters: [{ rateLimit: { limit: 1/s, by: consumer } }, { apiKey: {} }], to: app }',
    /apiKey|identity|who calls/,
  ],
  [
    'a method',
    `  - { name: a, match: { path: /a/*, methods: [POST] }, ${key}, to: app }\n  - { name: all, match: { path: /* }, public: true, to: app }`,
    /skipped_by_method/,
  ],
  [
    'a trailing slash',
    `  - { name: a, match: { path: /a }, ${key}, to: app }\n  - { name: all, match: { path: /* }, public: true, to: app }`,
    /skipped_by_slash/,
  ],
  [
    'another host',
    `  - { name: a, match: { host: "*.example.com", path: /a }, ${key}, to: app }\n  - { name: all, match: { path: /a }, public: true, to: app }`,
    /skipped_by_host/,
  ],
  [
    'a header that anybody can send',
    `  - { name: a, match: { path: /a }, ${key}, to: app }\n  - { name: b, match: { path: /a, headers: { x-debug: true } }, public: true, to: app }`,
    /skipped_by_condition/,
  ],
  [
    'a regex around a regex',
    `  - { name: a, match: { path: "~/r/[0-9]+" }, ${key}, to: app }\n  - { name: b, match: { path: /* }, public: true, to: app }`,
    /skipped_by/,
  ],
  [
    'a broader path in front of a regex',
    `  - { name: a, match: { path: "~/r/[0-9]+" }, ${key}, to: app }\n  - { name: b, match: { path: /* }, public: true, to: app }`,
    /shadowed.*\n(?:.*\n)*.*GET audit\.invalid\/r\/1 takes route "b", which requires no credentials and goes to the same upstream "app"/,
  ],
  [
    'a broader path under a host of its own',
    `  - { name: a, match: { path: /a/* }, ${key}, to: app }\n  - { name: www, match: { host: www.example.com, path: /* }, public: true, to: app }`,
    /shadowed.*\n(?:.*\n)*.*GET www\.example\.com\/a\/auditsample takes route "www"/,
  ],
  [
    'a rewrite',
    `  - { name: a, match: { path: /a/* }, ${key}, to: app }\n  - { name: p, match: { path: /p/* }, public: true, rewrite: { stripPrefix: /p }, to: app }`,
    /GET audit\.invalid\/p\/a\/auditsample takes route "p", .* as \/a\/auditsample, which this route guards/,
  ],
  [
    'an acceptance of what is not there',
    `  - { name: a, match: { path: /a }, ${key}, to: app, audit: { accept: [{ finding: shadowed, by: b, because: it was there once }] } }\n  - { name: b, match: { path: /b }, public: true, to: app }`,
    /accepts_nothing/,
  ],
];
for (const [what, routes, expected] of broken) {
  test(`found: ${what}`, async () => {
    const { code, out } = await auditText(`${routes}\n`);
    assert.equal(code, 1, out);
    assert.match(out, expected);
  });
}

test('a way around that is accepted with its reason passes, and is still shown', async () => {
  const accept =
    'audit: { accept: [{ finding: reached_by_rewrite, by: p, because: the service asks for a password of its own }] }';
  const { code, out } = await auditText(
    `  - { name: a, match: { path: /a/* }, ${key}, to: app, ${accept} }\n  - { name: p, match: { path: /p/* }, public: true, rewrite: { stripPrefix: /p }, to: app }\n`,
  );
  assert.equal(code, 0, out);
  assert.match(out, /ok, 1 accepted/);
  assert.match(out, /accepted {2}a: GET .*: the service asks for a password of its own/);
  const wrong = await auditText(
    `  - { name: a, match: { path: /a }, ${key}, to: app, audit: { accept: [{ finding: shadow, by: pp, because: "" }] } }\n  - { name: p, match: { path: /p }, public: true, to: app }\n`,
  );
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /expected one of shadowed, .*found "shadow"/);
  assert.match(wrong.out, /expected the reason/);
});

/** Checks that every element is closed, and that no text or value contains an unescaped character. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  const rest = xml
    .replace(/^<\?xml[^>]*\?>\n/, '')
    .replace(/<(\/?)([a-z]+)((?: [a-z]+="[^"<>]*")*)(\/?)>/g, (_, closing, name: string, values: string, alone) => {
      assert.doesNotMatch(values, /&(?!(amp|lt|gt|quot);)/);
      if (closing) assert.equal(open.pop(), name);
      else if (!alone) open.push(name);
      return '';
    });
  assert.equal(rest.trim(), '');
  assert.deepEqual(open, []);
}

test('over TLS: the certificate is that of the URL, and a listener that asks for one of the client keeps everybody out', async t => {
  const authority = new TestAuthority();
  t.after(() => authority.remove());
  const { cert, key: privateKey } = authority.issue('gateway', { names: ['IP:127.0.0.1'] });
  process.env['NODE_EXTRA_CA_CERTS'] = authority.ca;
  t.after(() => delete process.env['NODE_EXTRA_CA_CERTS']);
  const probed = async (clientAuth: string, ...more: string[]) => {
    const gateway = await startGateway(`listeners:
  - address: 127.0.0.1:{{port}}
    tls: { certificates: [{ cert: "${cert}", key: "${privateKey}" }]${clientAuth} }
admin: { address: "127.0.0.1:{{adminPort}}" }
${app}routes:
  - { name: key, match: { path: /key/* }, ${key}, to: app }
  - { name: host, match: { host: api.example.com }, ${key}, to: app }
`);
    t.after(() => gateway.stop());
    return auditAlone(gateway.configPath, '--probe', `https://127.0.0.1:${gateway.port}`, ...more);
  };
  const plain = await probed('');
  assert.equal(plain.code, 0, plain.out);
  assert.match(plain.out, /over HTTP\/1\.1 and HTTP\/2/);
  assert.doesNotMatch(plain.out, /client certificate/);
  const required = await probed(`, clientAuth: { ca: "${authority.ca}", mode: required }`);
  assert.equal(required.code, 0, required.out);
  assert.match(
    required.out,
    /(\d+) of \1 probes .*, \1 of them by the listener, which accepts no client without a certificate/,
  );
  delete process.env['NODE_EXTRA_CA_CERTS'];
  assert.equal((await probed('')).code, 1, 'a certificate of an authority that nobody knows');
});
