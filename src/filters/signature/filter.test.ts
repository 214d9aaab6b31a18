// Signed requests through a gateway with real sockets: valid ones, replayed ones, and bodies that differ from what was signed.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { type Answer, ask, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { Headers } from '../../http/headers.ts';
import type { RequestHead } from '../../http/request-head.ts';
import { AWS_SCHEME, awsSignature, canonicalRequest, signingKey, stringToSign } from './aws-v4.ts';
import { schema } from './config.ts';
import { signatureFilter } from './filter.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string;
const secret = 'a-secret-of-enough-letters';

const ed25519 = { scheme: 'rfc9421', keys: [{ id: 'k1', consumer: 'acme', algorithm: 'ed25519', publicKey: pem }] };
const aws = {
  scheme: 'aws4',
  region: 'eu-1',
  service: 'api',
  keys: [{ id: 'AK1', consumer: 'acme', secret, scopes: ['read'] }],
};

interface Seen {
  url: string;
  headers: Record<string, unknown>;
  complete: boolean;
  bytes: number;
  ended: Promise<void>;
}

async function start(t: { after(fn: () => Promise<void>): void }, config: unknown, spare: object = {}) {
  const seen: Seen[] = [];
  const parsed = schema.parse(config);
  const gateway = await startFilterGateway(
    [written(signatureFilter, schema, config)],
    (request, response) => {
      const one: Seen = {
        url: request.url!,
        headers: request.headers,
        complete: false,
        bytes: 0,
        ended: Promise.resolve(),
      };
      one.ended = new Promise(resolve => request.on('close', () => resolve()));
      seen.push(one);
      request.on('error', () => {});
      request.on('data', (piece: Buffer) => {
        one.bytes += piece.length;
      });
      request.on('end', () => {
        one.complete = true;
        response.end('in');
      });
    },
    {
      services: {
        needs: signatureFilter.needs!(parsed, { store: () => assert.fail('it names no store') }),
        events: signatureFilter.events ?? [],
      },
      consumers: [{ name: 'acme', tenant: null, plan: 'gold', groups: [], tags: {}, keys: [] }],
      ...spare,
    },
  );
  t.after(() => gateway.stop());
  return { gateway, seen };
}

const nowS = () => Math.floor(Date.now() / 1_000);

/** The fields of a signature over these lines, by ed25519 unless `by` is given. */
function signed(
  lines: readonly string[],
  parameters = `;created=${nowS()};keyid="k1"`,
  by = (data: Buffer) => sign(null, data, privateKey),
): Record<string, string> {
  const names = lines.map(line => line.slice(0, line.indexOf('": ') + 1)).join(' ');
  const input = `(${names})${parameters}`;
  const base = [...lines, `"@signature-params": ${input}`].join('\n');
  return {
    'signature-input': `sig=${input}`,
    signature: `sig=:${by(Buffer.from(base, 'latin1')).toString('base64')}:`,
  };
}

function linesFor(port: number, method: string, path: string, query = ''): string[] {
  return [`"@method": ${method}`, `"@authority": 127.0.0.1:${port}`, `"@path": ${path}`, `"@query": ?${query}`];
}

function digestOf(body: string): string {
  return `sha-256=:${createHash('sha256').update(body).digest('base64')}:`;
}

function codeOf(answer: Answer): string {
  return `${answer.status} ${JSON.parse(answer.body.toString()).code}`;
}

test('a signed request passes once, with who sent it', async t => {
  const { gateway, seen } = await start(t, ed25519);
  const headers = signed(linesFor(gateway.port, 'GET', '/a', 'b=1'));
  assert.equal((await ask(gateway.port, { path: '/a?b=1', headers })).status, 200);
  assert.equal(seen[0]!.headers['x-consumer-name'], 'acme');
  assert.equal(seen[0]!.headers['x-consumer-by'], 'signature');
  assert.equal(codeOf(await ask(gateway.port, { path: '/a?b=1', headers })), '401 credentials_invalid');
  assert.equal(seen.length, 1);
});

test('what was signed passes once, also with another signature of it: of ECDSA there are many', async t => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsa = (data: Buffer) => sign('sha256', data, { key: pair.privateKey, dsaEncoding: 'ieee-p1363' });
  const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' });
  const keys = [{ id: 'k1', algorithm: 'ecdsa-p256-sha256', publicKey: publicPem }];
  const { gateway } = await start(t, { scheme: 'rfc9421', keys, failedLogins: 'off' });
  const lines = linesFor(gateway.port, 'GET', '/a');
  const parameters = `;created=${nowS()};keyid="k1"`;
  const [first, second] = [signed(lines, parameters, ecdsa), signed(lines, parameters, ecdsa)];
  assert.notEqual(first['signature'], second['signature']);
  assert.equal((await ask(gateway.port, { path: '/a', headers: first })).status, 200);
  assert.equal((await ask(gateway.port, { path: '/a', headers: second })).status, 401);
});

test('what was signed a while ago passes once as well: it is remembered for as long as it could pass', async t => {
  const { gateway } = await start(t, { ...ed25519, failedLogins: 'off' });
  const headers = signed(linesFor(gateway.port, 'GET', '/a'), `;created=${nowS() - 10};keyid="k1"`);
  assert.equal((await ask(gateway.port, { path: '/a', headers })).status, 200);
  assert.equal((await ask(gateway.port, { path: '/a', headers })).status, 401);
  const { gateway: amazon } = await start(t, { ...aws, failedLogins: 'off' });
  const asked = awsSigned(amazon.port, { agoMs: 10_000 });
  assert.equal((await ask(amazon.port, asked)).status, 200);
  assert.equal((await ask(amazon.port, asked)).status, 401);
});

test('replay: off lets it pass again; without a signature there is a challenge', async t => {
  const { gateway } = await start(t, { ...ed25519, replay: 'off' });
  const headers = signed(linesFor(gateway.port, 'GET', '/a'));
  for (let n = 0; n < 2; n++) assert.equal((await ask(gateway.port, { path: '/a', headers })).status, 200);
  const answer = await ask(gateway.port, { path: '/a' });
  assert.equal(codeOf(answer), '401 credentials_missing');
  assert.match(String(answer.headers['www-authenticate']), /^Signature/);
});

test('a request that is sent again is no guess: others at the same address go on', async t => {
  const { gateway } = await start(t, { ...ed25519, failedLogins: '2/h' });
  const headers = signed(linesFor(gateway.port, 'GET', '/a'));
  assert.equal((await ask(gateway.port, { path: '/a', headers })).status, 200);
  for (let n = 0; n < 4; n++) assert.equal((await ask(gateway.port, { path: '/a', headers })).status, 401);
  const other = signed(linesFor(gateway.port, 'GET', '/b'));
  assert.equal((await ask(gateway.port, { path: '/b', headers: other })).status, 200);
});

test('a key that has signed from an address goes on there whatever others have tried, until its own signatures are wrong', async t => {
  const { gateway } = await start(t, { ...ed25519, failedLogins: '2/h' });
  const send = async (path: string, headers = signed(linesFor(gateway.port, 'GET', path))) =>
    (await ask(gateway.port, { path, headers })).status;
  const unknown = () => signed(linesFor(gateway.port, 'GET', '/x'), `;created=${nowS()};keyid="somebody"`);
  assert.equal(await send('/a'), 200);
  for (const status of [401, 401, 429]) assert.equal(await send('/x', unknown()), status);
  assert.equal(await send('/b'), 200);
  assert.equal(await send('/plain', {}), 401, 'who does not sign at all has tried nothing');
  const wrong = signed(linesFor(gateway.port, 'GET', '/another'));
  for (const status of [401, 401, 429]) assert.equal(await send('/c', wrong), status);
  assert.equal(await send('/d'), 429);
});

test('a key that has not signed from an address is not verified where others have tried too often', async t => {
  const { gateway } = await start(t, { ...ed25519, failedLogins: '2/h' });
  const wrong = signed(linesFor(gateway.port, 'GET', '/another'));
  for (const status of [401, 401, 429]) assert.equal((await ask(gateway.port, { headers: wrong })).status, status);
  const right = signed(linesFor(gateway.port, 'GET', '/a'));
  assert.equal((await ask(gateway.port, { path: '/a', headers: right })).status, 429);
});

test('another path, method or query than was signed is refused', async t => {
  const { gateway, seen } = await start(t, ed25519);
  const headers = signed(linesFor(gateway.port, 'GET', '/a', 'b=1'));
  for (const asked of [{ path: '/b?b=1' }, { path: '/a?b=2' }, { path: '/a' }, { path: '/a?b=1', method: 'DELETE' }])
    assert.equal(codeOf(await ask(gateway.port, { ...asked, headers })), '401 credentials_invalid');
  assert.equal(seen.length, 0);
});

test('a body that was signed passes, in one piece and in many', async t => {
  const { gateway, seen } = await start(t, ed25519);
  const body = 'x'.repeat(300_000);
  const digest = digestOf(body);
  const headers = {
    ...signed([...linesFor(gateway.port, 'POST', '/a'), `"content-digest": ${digest}`]),
    'content-digest': digest,
  };
  assert.equal((await ask(gateway.port, { method: 'POST', path: '/a', headers, body })).status, 200);
  assert.deepEqual([seen[0]!.bytes, seen[0]!.complete], [300_000, true]);
});

test('another body than was signed never reaches the upstream whole', async t => {
  const { gateway, seen } = await start(t, ed25519);
  for (const size of [10, 300_000]) {
    const digest = digestOf('x'.repeat(size));
    const lines = [...linesFor(gateway.port, 'POST', '/a'), `"content-digest": ${digest}`];
    const headers = { ...signed(lines), 'content-digest': digest };
    const body = `${'x'.repeat(size - 1)}y`;
    assert.equal(
      codeOf(await ask(gateway.port, { method: 'POST', path: '/a', headers, body })),
      '400 body_digest_mismatch',
    );
  }
  for (const one of seen) {
    await one.ended;
    assert.equal(one.complete, false);
  }
});

test('a body without a digest, and a digest without a body', async t => {
  const { gateway, seen } = await start(t, ed25519);
  const lines = linesFor(gateway.port, 'POST', '/a');
  const answer = await ask(gateway.port, { method: 'POST', path: '/a', headers: signed(lines), body: 'x' });
  assert.equal(codeOf(answer), '401 credentials_invalid');
  const digest = digestOf('x');
  const headers = {
    ...signed([...linesFor(gateway.port, 'GET', '/a'), `"content-digest": ${digest}`]),
    'content-digest': digest,
  };
  assert.equal(codeOf(await ask(gateway.port, { path: '/a', headers })), '400 body_digest_mismatch');
  assert.equal(seen.length, 0);
});

test('an upstream that answered before the body ended is cut off from a wrong one', async t => {
  const digest = digestOf('right');
  const gateway = await startFilterGateway(
    [written(signatureFilter, schema, { ...ed25519, replay: 'off', failedLogins: 'off' })],
    (_, response) => {
      response.writeHead(200);
      response.write('early');
    },
    { services: { events: signatureFilter.events ?? [] } },
  );
  t.after(() => gateway.stop());
  const headers = {
    ...signed([...linesFor(gateway.port, 'POST', '/a'), `"content-digest": ${digest}`]),
    'content-digest': digest,
  };
  const cut = await new Promise<boolean>((resolve, reject) => {
    const options = { host: '127.0.0.1', port: gateway.port, method: 'POST', path: '/a', headers, agent: false };
    const request = httpRequest(options, response => {
      response.once('data', () => request.end('wrong'));
      response.on('end', () => resolve(false));
      response.on('error', () => resolve(true));
    });
    request.on('error', reject);
    request.flushHeaders();
    request.write('');
    request.write('wr');
    request.write('on');
  });
  assert.ok(cut);
});

/** The head of a request signed with AWS Signature Version 4, as options for `ask`. */
function awsSigned(
  port: number,
  changes: { secret?: string; body?: string; payload?: string; region?: string; agoMs?: number } = {},
) {
  const time = new Date(Date.now() - (changes.agoMs ?? 0)).toISOString().replace(/[-:]|\.[0-9]{3}/g, '');
  const authority = `127.0.0.1:${port}`;
  const payload =
    changes.payload ??
    createHash('sha256')
      .update(changes.body ?? '')
      .digest('hex');
  const fields = { host: authority, 'x-amz-content-sha256': payload, 'x-amz-date': time };
  const names = Object.keys(fields);
  const method = changes.body === undefined ? 'GET' : 'POST';
  const headers = Headers.from(Object.entries(fields));
  // Because: nothing else of the head is read.
  const head = { method, rawPath: '/a', rawQuery: 'q=1', headers, authority } as unknown as RequestHead;
  const scope = { date: time.slice(0, 8), region: changes.region ?? 'eu-1', service: 'api' };
  const key = signingKey(changes.secret ?? secret, scope.date, scope.region, scope.service);
  const value = awsSignature(key, stringToSign(time, scope, canonicalRequest(head, names, payload, 'double')!));
  const authorization = `${AWS_SCHEME} Credential=AK1/${scope.date}/${scope.region}/api/aws4_request, SignedHeaders=${names.join(';')}, Signature=${value.toString('hex')}`;
  return { method, path: '/a?q=1', headers: { ...fields, authorization }, ...(changes.body && { body: changes.body }) };
}

test('requests signed in the manner of AWS', async t => {
  const { gateway, seen } = await start(t, aws);
  const { port } = gateway;
  assert.equal((await ask(port, awsSigned(port))).status, 200);
  assert.equal(seen[0]!.headers['x-consumer-scopes'], 'read');
  assert.equal((await ask(port, awsSigned(port, { body: 'text' }))).status, 200);
  assert.equal(
    codeOf(await ask(port, awsSigned(port, { secret: 'another-secret-of-letters' }))),
    '401 credentials_invalid',
  );
  assert.equal(codeOf(await ask(port, awsSigned(port, { region: 'eu-2' }))), '401 credentials_invalid');
  const unsigned = awsSigned(port, { body: 'text', payload: 'UNSIGNED-PAYLOAD' });
  const refused = await ask(port, unsigned);
  assert.equal(codeOf(refused), '401 credentials_invalid');
  assert.match(JSON.parse(refused.body.toString()).detail, /does not cover the body: `X-Amz-Content-SHA256`/);
  const missing = await ask(port, { path: '/a' });
  assert.equal(codeOf(missing), '401 credentials_missing');
  assert.equal(missing.headers['www-authenticate'], AWS_SCHEME);
});

test('a body that is not what X-Amz-Content-SHA256 says', async t => {
  const { gateway, seen } = await start(t, aws);
  const asked = awsSigned(gateway.port, { body: 'text' });
  assert.equal(codeOf(await ask(gateway.port, { ...asked, body: 'tex' })), '400 body_digest_mismatch');
  for (const one of seen) {
    await one.ended;
    assert.equal(one.complete, false);
  }
});

test('a source that tries too often is held back before anything is verified', async t => {
  const { gateway } = await start(t, { ...aws, failedLogins: '3/min' });
  const wrong = awsSigned(gateway.port, { secret: 'another-secret-of-letters' });
  for (let n = 0; n < 3; n++) assert.equal((await ask(gateway.port, wrong)).status, 401);
  const answer = await ask(gateway.port, awsSigned(gateway.port));
  assert.equal(codeOf(answer), '429 too_many_failed_logins');
  assert.ok(Number(answer.headers['retry-after']) > 0);
});

test('malformed fields get 401 and nothing of the inside', async t => {
  const { gateway } = await start(t, { ...ed25519, failedLogins: 'off' });
  for (const [input, value] of [
    ['sig=(', 'sig=:aGk=:'],
    ['sig=()', 'sig=:aGk=:'],
    ['sig=("@method");created=1;keyid="k1"', 'sig=:aGk=:'],
    ['sig=("@method");created=99999999999999;keyid="k1"', 'sig=:aGk=:'],
    ['sig=("@method");created=-1;keyid="k1"', 'sig=:aGk=:'],
    ['sig=("@method");keyid="k1"', 'sig="aGk="'],
    ['a=(), b=()', 'a=:aGk=:, b=:aGk=:'],
    ['x'.repeat(17_000), 'sig=:aGk=:'],
  ] as const) {
    const answer = await ask(gateway.port, { headers: { 'signature-input': input, signature: value } });
    assert.equal(codeOf(answer), '401 credentials_invalid', input.slice(0, 40));
  }
  assert.deepEqual(gateway.log, []);
});

test('a configuration that cannot work is refused', () => {
  const messageOf = (config: unknown) => schema.safeParse(config).error?.issues[0]?.message ?? '';
  assert.match(messageOf({ scheme: 'aws5' }), /aws4 or rfc9421/);
  assert.match(messageOf({ ...aws, keys: [] }), /at least one key/);
  assert.match(messageOf({ ...aws, keys: [{ id: 'a', secret: 'short' }] }), /16 characters/);
  assert.match(messageOf({ ...aws, keys: [aws.keys[0], aws.keys[0]] }), /twice/);
  assert.match(messageOf({ ...ed25519, keys: [{ id: 'a', algorithm: 'ed25519', secret }] }), /`publicKey`/);
  assert.match(messageOf({ ...ed25519, components: [] }), /proves nothing/);
  assert.match(messageOf({ ...ed25519, components: ['@status'] }), /header’s name/);
});

test('a signature goes no further where the credential is not to', async t => {
  const forward = { keepCredential: false };
  const message = await start(t, { ...ed25519, forward });
  const headers = signed(linesFor(message.gateway.port, 'GET', '/a'));
  assert.equal((await ask(message.gateway.port, { path: '/a', headers })).status, 200);
  const { signature, 'signature-input': input } = message.seen[0]!.headers;
  assert.deepEqual([signature, input], [undefined, undefined]);
  const amazon = await start(t, { ...aws, forward });
  assert.equal((await ask(amazon.gateway.port, awsSigned(amazon.gateway.port, { body: 'text' }))).status, 200);
  assert.equal(amazon.seen[0]!.headers['authorization'], undefined);
});

/** The target of a GET for /a that anyone may send for a minute. */
function linkTo(port: number): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = { date: time.slice(0, 8), region: aws.region, service: aws.service };
  const credential = encodeURIComponent(`AK1/${scope.date}/${scope.region}/${scope.service}/aws4_request`);
  const rawQuery = `X-Amz-Algorithm=${AWS_SCHEME}&X-Amz-Credential=${credential}&X-Amz-Date=${time}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&b=1`;
  const request = { method: 'GET', rawPath: '/a', rawQuery, headers: Headers.empty(), authority: `127.0.0.1:${port}` };
  const text = stringToSign(time, scope, canonicalRequest(request, ['host'], 'UNSIGNED-PAYLOAD', 'double')!);
  const key = signingKey(secret, scope.date, scope.region, scope.service);
  return `/a?${rawQuery}&X-Amz-Signature=${awsSignature(key, text).toString('hex')}`;
}

test('a link may be used again until it expires, and goes no further than the credential is to', async t => {
  const { gateway, seen } = await start(t, { ...aws, presigned: '1m', forward: { keepCredential: false } });
  const path = linkTo(gateway.port);
  const headers = { authorization: 'Bearer token-for-the-upstream' };
  for (let n = 0; n < 3; n++) assert.equal((await ask(gateway.port, { path, headers })).status, 200);
  const { url, headers: received } = seen[0]!;
  assert.equal(received['x-consumer-name'], 'acme');
  assert.equal(received['authorization'], headers.authorization);
  assert.match(url, /^\/a\?X-Amz-Algorithm=.*&b=1$/);
  assert.ok(!url.includes('X-Amz-Signature'));
  assert.equal(codeOf(await ask(gateway.port, { path: path.replace('b=1', 'b=2') })), '401 credentials_invalid');
  const { gateway: closed } = await start(t, aws);
  assert.equal(codeOf(await ask(closed.port, { path: linkTo(closed.port) })), '401 credentials_missing');
});
