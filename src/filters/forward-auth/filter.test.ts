// The external service decides, over a real HTTP server: what it is asked, what it responds, and what happens to requests when it is away.

import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../../test/support/eventually.ts';
import { ask, startFilterGateway, valuesOf, written } from '../../../test/support/filter-gateway.ts';
import { schema } from './config.ts';
import { forwardAuthFilter } from './filter.ts';

interface TestContext {
  after(fn: () => unknown): void;
}

type Decide = (request: IncomingMessage, response: ServerResponse) => void;

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Because: a TCP server that listens has a port.
  return (server.address() as AddressInfo).port;
}

/** A service that decides by `decide`, the gateway in front of a backend, and records of what service and backend received. */
async function start(t: TestContext, decide: Decide, config: object = {}, ...others: readonly object[]) {
  const questions: { url: string; method: string; headers: IncomingHttpHeaders }[] = [];
  const service = createServer((request, response) => {
    questions.push({ url: request.url!, method: request.method!, headers: request.headers });
    decide(request, response);
  });
  const port = await listen(service);
  const served: IncomingHttpHeaders[] = [];
  const gateway = await startFilterGateway(
    [config, ...others].map(each =>
      written(forwardAuthFilter, schema, { url: `http://127.0.0.1:${port}/verify?site=a`, ...each }),
    ),
    (request, response) => {
      served.push(request.headers);
      response.end('in');
    },
    { consumers: [{ name: 'acme', tenant: null, plan: null, groups: [], tags: {}, keys: [] }] },
  );
  t.after(async () => {
    await gateway.stop();
    service.closeAllConnections();
    service.close();
  });
  const { port: gatewayPort, backendPort } = gateway;
  return { port: gatewayPort, backendPort, questions, served, service, inFlight: () => gateway.gateway.inFlight };
}

const yes: Decide = (_request, response) =>
  void response.writeHead(200, { 'x-user': 'u1', 'x-consumer': 'acme' }).end();

test('the service sees what is asked, the upstream what it answered', async t => {
  const config = { copy: ['X-User'], subject: 'x-user', consumer: 'x-consumer' };
  const { port, questions, served } = await start(t, yes, config);
  const headers = { authorization: 'Bearer a', 'x-other': '1', 'x-user': 'forged' };
  assert.equal((await ask(port, { method: 'POST', path: '/a/b?c=d', headers, body: 'secret' })).status, 200);
  const [question] = questions;
  assert.deepEqual([question!.url, question!.method], ['/verify?site=a', 'GET']);
  assert.equal(question!.headers['authorization'], 'Bearer a');
  assert.equal(question!.headers['x-other'], undefined);
  assert.equal(question!.headers['x-forwarded-method'], 'POST');
  assert.equal(question!.headers['x-forwarded-uri'], '/a/b?c=d');
  assert.equal(question!.headers['x-forwarded-host'], `127.0.0.1:${port}`);
  assert.equal(question!.headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(served[0]!['x-consumer-name'], 'acme');
  assert.equal(served[0]!['x-consumer-subject'], 'u1');
  assert.equal(served[0]!['x-user'], 'u1', 'and nothing of what was forged');
});

test('what a service that names no caller has said stands beside the caller that another filter found', async t => {
  const [naming, policy] = [{ copy: ['x-user'], subject: 'x-user', consumer: 'x-consumer' }, { copy: ['x-policy'] }];
  const decide: Decide = (_request, response) =>
    void response.writeHead(200, { 'x-user': 'u1', 'x-consumer': 'acme', 'x-policy': 'p' }).end();
  for (const [first, second] of [
    [naming, policy],
    [policy, naming],
  ] as const) {
    const { port, served } = await start(t, decide, first, second);
    assert.equal((await ask(port, { headers: { 'x-policy': 'forged' } })).status, 200);
    const [{ 'x-consumer-name': name, 'x-consumer-subject': subject, 'x-user': user, 'x-policy': said } = {}] = served;
    assert.deepEqual([name, subject, user, said], ['acme', 'u1', 'u1', 'p']);
  }
});

test('the names that identity services give to a caller can be copied, and clients cannot send them', async t => {
  const decide: Decide = (_request, response) => void response.writeHead(200, { 'x-forwarded-user': 'ann' }).end();
  const config = { copy: ['X-Forwarded-User', 'X-Forwarded-Groups'], subject: 'x-forwarded-user' };
  const { port, served } = await start(t, decide, config);
  const headers = { 'x-forwarded-user': 'forged', 'x-forwarded-groups': 'forged', 'x-forwarded-for': '192.0.2.1' };
  assert.equal((await ask(port, { headers })).status, 200);
  const [seen] = served;
  assert.deepEqual([seen!['x-forwarded-user'], seen!['x-forwarded-groups']], ['ann', undefined]);
  assert.equal(seen!['x-forwarded-for'], '127.0.0.1');
});

test('a refusal is given to the client as it is', async t => {
  const { port, served } = await start(t, (_request, response) => {
    response.writeHead(401, {
      'www-authenticate': 'Custom realm="x"',
      'set-cookie': ['a=1', 'b=2'],
      'content-type': 'text/plain',
    });
    response.end('who are you?');
  });
  const answer = await ask(port);
  assert.equal(answer.status, 401);
  assert.equal(answer.body.toString(), 'who are you?');
  assert.deepEqual(valuesOf(answer, 'www-authenticate'), ['Custom realm="x"']);
  assert.deepEqual(valuesOf(answer, 'set-cookie'), ['a=1', 'b=2']);
  assert.equal(served.length, 0);
});

test('what a refusal says of its own connection stays there; names that are not ASCII come out as they were written', async t => {
  const refusing = await start(t, (_request, response) => {
    response.writeHead(403, { connection: 'keep-alive, X-Hop', 'x-hop': '1', 'x-reason': 'late' }).end();
  });
  const { headers } = await ask(refusing.port);
  assert.deepEqual([headers['x-hop'], headers['x-reason']], [undefined, 'late']);
  const jörg = Buffer.from('Jörg').toString('latin1');
  const decide: Decide = (_request, response) => void response.writeHead(200, { 'x-user': jörg }).end();
  const naming = await start(t, decide, { copy: ['x-user'], subject: 'x-user' });
  await ask(naming.port);
  assert.deepEqual([naming.served[0]!['x-user'], naming.served[0]!['x-consumer-subject']], [jörg, jörg]);
});

test('a refusal may bring many cookies', async t => {
  const cookies = Array.from({ length: 10 }, (_, n) => `part_${n}=${'x'.repeat(4_000)}`);
  const { port } = await start(
    t,
    (_request, response) => void response.writeHead(401, { 'set-cookie': cookies }).end(),
  );
  const request = httpRequest({ host: '127.0.0.1', port, maxHeaderSize: 65_536, agent: false }).end();
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  answer.resume();
  assert.deepEqual([answer.statusCode, answer.headers['set-cookie']], [401, cookies]);
});

test('a redirect to a login page is passed on, not followed', async t => {
  const { port, questions } = await start(
    t,
    (_request, response) => void response.writeHead(302, { location: '/login' }).end(),
  );
  const answer = await ask(port);
  assert.equal(answer.status, 302);
  assert.deepEqual(valuesOf(answer, 'location'), ['/login']);
  assert.equal(questions.length, 1);
});

for (const [what, decide, config] of [
  ['5xx', (_request, response) => void response.writeHead(500).end('inside'), {}],
  ['no answer in time', () => {}, { timeout: '50ms' }],
  ['a cut answer', (_request, response) => void response.socket?.destroy(), {}],
  ['a body that never ends', (_request, response) => void response.writeHead(401).write('x'), { timeout: '50ms' }],
  [
    'a refusal that is too large',
    (_request, response) => void response.writeHead(403).end('x'.repeat(2_000)),
    { answerSize: 1_000 },
  ],
] as [string, Decide, object][]) {
  test(`${what}: closed refuses, open lets pass`, async t => {
    const closed = await start(t, decide, config);
    const answer = await ask(closed.port);
    assert.equal(answer.status, 503);
    assert.match(answer.body.toString(), /identity_unavailable/);
    assert.doesNotMatch(answer.body.toString(), /inside/);
    assert.equal(closed.served.length, 0);
    const open = await start(t, decide, { ...config, onFailure: 'open' });
    assert.equal((await ask(open.port)).status, 200);
  });
}

test('a verdict is kept by the fields that it depends on', async t => {
  const { port, questions } = await start(t, yes, { cache: { for: '1h' } });
  const send = (authorization: string, path = '/') => ask(port, { path, headers: { authorization } });
  for (let i = 0; i < 3; i++) assert.equal((await send('a')).status, 200);
  assert.equal(questions.length, 1);
  await send('b');
  await send('a', '/other');
  assert.equal(questions.length, 3);
  const from = (localAddress: string, to: number, headers: IncomingHttpHeaders = { authorization: 'a' }) =>
    new Promise<number | undefined>((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port: to, localAddress, headers, agent: false }, response =>
        response.resume().on('end', () => resolve(response.statusCode)),
      );
      request.on('error', reject).end();
    });
  // The service receives the address, so its verdict may depend on it.
  assert.equal(await from('127.0.0.2', port), 200);
  assert.equal(questions.length, 4);
  const any = await start(t, yes, { cache: { for: '1h', anyPath: true } });
  for (const path of ['/', '/a', '/b']) await ask(any.port, { path, headers: { authorization: 'a' } });
  assert.equal(await from('127.0.0.2', any.port), 200);
  assert.equal(any.questions.length, 1);
  // Without a credential, callers at different addresses get separate verdicts.
  await ask(any.port);
  assert.equal(await from('127.0.0.2', any.port, {}), 200);
  assert.equal(await from('127.0.0.2', any.port, {}), 200);
  assert.equal(any.questions.length, 3);
});

test('many that wait for the same verdict ask once, and a failure is not kept', async t => {
  let answers = 0;
  const { port, questions } = await start(
    t,
    (request, response) => {
      if (++answers > 1) yes(request, response);
      else setTimeout(() => response.writeHead(500).end(), 50);
    },
    { cache: { for: '1h' } },
  );
  const first = await Promise.all([1, 2, 3, 4].map(() => ask(port, { headers: { authorization: 'a' } })));
  assert.deepEqual(
    first.map(({ status }) => status),
    [503, 503, 503, 503],
  );
  assert.equal(questions.length, 1);
  assert.equal((await ask(port, { headers: { authorization: 'a' } })).status, 200);
});

test('a refusal is kept in the form that was asked for, and one that sets a cookie is one browser’s', async t => {
  let logins = 0;
  const { port, questions } = await start(
    t,
    ({ headers }, response) => {
      if (headers.accept === 'text/html')
        response.writeHead(302, { location: '/login', 'set-cookie': `state=${++logins}` }).end();
      else response.writeHead(401).end(headers.accept);
    },
    { cache: { for: '1h' } },
  );
  const send = async (accept: string) => {
    const answer = await ask(port, { headers: { accept } });
    return [answer.status, answer.body.toString(), ...valuesOf(answer, 'set-cookie')];
  };
  const kinds = ['application/json', 'text/html', 'text/html', 'text/plain', 'application/json'];
  const answers = await Promise.all(kinds.map(send));
  assert.deepEqual(
    [answers[0], answers[3], answers[4]],
    [
      [401, 'application/json'],
      [401, 'text/plain'],
      [401, 'application/json'],
    ],
  );
  assert.deepEqual([answers[1]![2], answers[2]![2]].toSorted(), ['state=1', 'state=2']);
  const asked = questions.length;
  assert.deepEqual(await send('text/html'), [302, '', 'state=3']);
  assert.deepEqual(await send('application/json'), [401, 'application/json']);
  assert.deepEqual(await send('text/plain'), [401, 'text/plain']);
  assert.equal(questions.length, asked + 1, 'one that sets a cookie is not kept');
});

test('refusals displace no admission, and take up no more than a fixed part of the memory', async t => {
  const page = 'x'.repeat(1_000_000);
  const decide: Decide = (request, response) => {
    if (request.headers.authorization === 'good') yes(request, response);
    else response.writeHead(401).end(page);
  };
  const few = await start(t, decide, { answerSize: 1_000_000, cache: { for: '1h', entries: 1 } });
  const many = await start(t, decide, { answerSize: 1_000_000, cache: { for: '1h' } });
  const send = async ({ port }: { readonly port: number }, authorization: string) =>
    (await ask(port, { headers: { authorization } })).status;
  for (const gateway of [few, many]) for (const each of ['good', 'bad 0', 'good']) await send(gateway, each);
  assert.equal(few.questions.length, 2);
  for (let n = 1; n <= 8; n++) assert.equal(await send(many, `bad ${n}`), 401);
  assert.equal(many.questions.length, 10);
  for (const each of ['good', 'bad 8']) await send(many, each);
  assert.equal(many.questions.length, 10, 'these are still known');
  assert.equal(await send(many, 'bad 0'), 401);
  assert.equal(many.questions.length, 11, 'the oldest page had to go');
});

test('cookies that come with a yes are set in the answer to the request that was asked about, and in no other', async t => {
  let renewals = 0;
  const decide: Decide = (_request, response) => {
    const cookies = [`session=${++renewals}; Path=/`, 'session_1=more'];
    setImmediate(() => response.writeHead(202, { 'set-cookie': cookies }).end());
  };
  const cookiesOf = async (port: number) => {
    const answer = await ask(port, { headers: { cookie: 'session=0' } });
    const cookies = valuesOf(answer, 'set-cookie');
    assert.deepEqual(valuesOf(answer, 'cache-control'), cookies.length === 0 ? [] : ['private, no-cache']);
    return cookies;
  };
  const each = await start(t, decide);
  assert.deepEqual(await cookiesOf(each.port), ['session=1; Path=/', 'session_1=more']);
  assert.deepEqual(await cookiesOf(each.port), ['session=2; Path=/', 'session_1=more']);
  const { port, questions, served } = await start(t, decide, {
    send: ['cookie'],
    cache: { for: '1h', by: ['cookie'] },
  });
  const both = await Promise.all([cookiesOf(port), cookiesOf(port)]);
  assert.deepEqual(both.flat(), ['session=3; Path=/', 'session_1=more']);
  assert.deepEqual(await cookiesOf(port), [], 'the verdict is kept, and they are not');
  assert.deepEqual([questions.length, served.length], [1, 3]);
});

test('refusals of many forms are asked for side by side, once each', async t => {
  const held: (() => void)[] = [];
  const { port, questions, inFlight } = await start(
    t,
    ({ headers }, response) => void held.push(() => response.writeHead(401).end(headers.accept)),
    { cache: { for: '1h' } },
  );
  const kinds = ['a', 'b', 'c', 'd', 'b', 'c'];
  const answers = kinds.map(accept => ask(port, { headers: { accept } }));
  await eventually(() => held.length === 1 && inFlight() === kinds.length, 'one is asked for, and all are there');
  held[0]!();
  await eventually(() => held.length === 4, 'the other forms are asked for');
  for (const answer of held.slice(1)) answer();
  assert.deepEqual(
    (await Promise.all(answers)).map(({ body }) => body.toString()),
    kinds,
  );
  assert.equal(questions.length, 4);
});

/** The connections that servers of this process accept from now on, until `stop`. Because: the backend is not the test's own server. */
function watchAccepted() {
  const accepted: Socket[] = [];
  // Because: Node documents this channel, and its messages without types.
  const note = (message: unknown) => void accepted.push((message as { readonly socket: Socket }).socket);
  subscribe('net.server.socket', note);
  return { accepted, stop: () => unsubscribe('net.server.socket', note) };
}

for (const warmUp of [true, false]) {
  const what = warmUp ? 'with warmUp the upstream connection is made' : 'without warmUp no connection is made';
  test(`${what} while the service decides, and no byte goes upstream before`, async t => {
    const { accepted, stop } = watchAccepted();
    t.after(stop);
    const held: (() => void)[] = [];
    const hold: Decide = (request, response) => void held.push(() => yes(request, response));
    const { port, backendPort, served, questions } = await start(t, hold, { warmUp });
    const upstream = () => accepted.filter(({ localPort }) => localPort === backendPort);
    const pending = ask(port, { method: 'POST', path: '/not-yet', body: 'not yet' });
    await eventually(() => held.length === 1 && upstream().length >= (warmUp ? 1 : 0), 'the service is asked');
    // A request that arrives meanwhile finds the prepared connection, and opens no other.
    const behind = ask(port, { path: '/behind' });
    await eventually(() => questions.length === 2, 'the service is asked again');
    assert.equal(upstream().length, warmUp ? 1 : 0);
    for (const socket of upstream()) assert.equal(socket.bytesRead, 0);
    assert.equal(served.length, 0);
    for (const answer of held) answer();
    assert.deepEqual([(await pending).status, (await behind).status], [200, 200]);
    assert.equal(served.length, 2);
  });
}

for (const [what, config, message] of [
  ['no URL', {}, /url/],
  ['a password in the URL', { url: 'https://a:b@auth.example.com' }, /password has no place/],
  ['copying what frames a message', { url: 'https://a.example', copy: ['Content-Length'] }, /cannot be copied/],
  [
    'to take out what it does not know',
    { url: 'https://a.example', forward: { keepCredential: false } },
    /only the service/,
  ],
  [
    'asking with the client’s word for what is asked',
    { url: 'https://a.example', send: ['X-Forwarded-Uri'] },
    /is set by the gateway/,
  ],
  [
    'asking with the length of another message',
    { url: 'https://a.example', send: ['content-length'] },
    /is set by the gateway/,
  ],
  ['copying the cookie', { url: 'https://a.example', copy: ['cookie'] }, /cannot be copied/],
  ['copying who asks', { url: 'https://a.example', copy: ['X-Forwarded-For'] }, /cannot be copied/],
  [
    'copying what is no name of a caller',
    { url: 'https://a.example', copy: ['x-forwarded-users'] },
    /cannot be copied/,
  ],
] as const) {
  test(`refused: ${what}`, () => {
    const result = schema.safeParse(config);
    assert.ok(!result.success);
    assert.match(JSON.stringify(result.error.issues), message);
  });
}

test('a verdict that is kept goes by every field that it may rest on', () => {
  const problems = (config: object) =>
    schema
      .safeParse({ url: 'http://127.0.0.1:1/', ...config })
      .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];
  const send = ['x-api-key', 'accept'];
  assert.match(problems({ send, cache: { for: '10s' } }).join(), /^cache\.by: the service sees x-api-key/);
  assert.match(problems({ cache: { for: '10s', by: ['authorization'] } }).join(), /sees cookie/);
  assert.deepEqual(problems({ send, cache: { for: '10s', by: ['x-api-key'] } }), []);
  assert.deepEqual(problems({ cache: { for: '10s' } }), []);
  assert.deepEqual(problems({ send }), []);
});

test('a service that ends a connection as it is used again is asked on another; one that answers with another protocol has not answered', async t => {
  const asked = new WeakMap<Socket, number>();
  let ended = 0;
  const { port, questions } = await start(
    t,
    (request, response) => {
      const { socket } = request;
      asked.set(socket, (asked.get(socket) ?? 0) + 1);
      if (request.headers['x-mode'] === 'upgrade')
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
      else if (request.headers['x-mode'] === 'away') socket.destroy();
      else if (asked.get(socket)! > 1) {
        ended++;
        socket.destroy();
      } else response.end();
    },
    { send: ['x-mode'] },
  );
  for (let i = 0; i < 3; i++) assert.equal((await ask(port)).status, 200);
  assert.deepEqual([ended, questions.length], [1, 4]);
  assert.equal((await ask(port, { headers: { 'x-mode': 'away' } })).status, 503);
  assert.equal((await ask(port, { headers: { 'x-mode': 'upgrade' } })).status, 503);
});
