// HTTP/2 to upstreams over TLS: `protocol: h2` and `auto` against Node and nginx with HTTP/2 and without, servers that change their
// protocol, and clients of both protocols in front.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer as createHttpsServer, request as httpsRequest, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { TestAuthority } from '../../support/certificates.ts';
import { type Child, startChild, untilAccepting } from '../../support/child.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const authority = new TestAuthority();
const material = { cert: '', key: '' };
const trust = { ca: '', servername: 'api.test' };
const ports = { node: 0, plain: 0, picky: 0, nginxH2: 0, nginxPlain: 0, rolling: 0 };
let node: Http2SecureServer;
let plain: Server;
let picky: Http2SecureServer;
let rolling: Server | Http2SecureServer;
let nginx: Child;
let gateway: RunningGateway;
let session: ClientHttp2Session;
const sessions = new Set<ServerHttp2Session>();

function onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  stream.on('error', () => {});
  if (headers[':protocol'] === 'websocket') {
    stream.respond({ ':status': 200 });
    // Enough of a WebSocket server for a short conversation: the masked text comes back unmasked, in upper case.
    stream.on('data', (piece: Buffer) => {
      const length = piece[1]! & 127;
      const text = Buffer.from(piece.subarray(6, 6 + length).map((byte, i) => byte ^ piece[2 + (i & 3)]!));
      if ((piece[0]! & 15) === 8) stream.end(Buffer.concat([Buffer.of(0x88, length), text]));
      else stream.write(Buffer.concat([Buffer.of(piece[0]!, length), Buffer.from(text.toString().toUpperCase())]));
    });
    return;
  }
  const pieces: Buffer[] = [];
  let sum = '';
  stream.on('trailers', (fields: Record<string, string>) => {
    sum = fields['x-sum'] ?? '';
  });
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  stream.on('end', () => {
    const length = Buffer.concat(pieces).length;
    stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-back': sum === '' ? 'none' : sum }));
    stream.end(`2.0 ${headers[':scheme']} ${headers[':authority']} ${length}`);
  });
}

function http2Server(): Http2SecureServer {
  const server = createSecureServer({ ...material, settings: { enableConnectProtocol: true } });
  // Because: the streams of a server are of this type.
  server.on('stream', (stream, headers) => onStream(stream as ServerHttp2Stream, headers));
  server.on('session', each => {
    sessions.add(each);
    each.on('error', () => {});
  });
  server.on('tlsClientError', () => {});
  server.on('error', () => {});
  return server;
}

function http1Server(): Server {
  const server = createHttpsServer({ ...material, ALPNProtocols: ['http/1.1'] }, (incoming, response) => {
    let length = 0;
    incoming.on('data', (piece: Buffer) => {
      length += piece.length;
    });
    incoming.on('end', () => {
      response.writeEarlyHints({ link: '</a.css>' });
      response.writeHead(200, { trailer: 'x-back' });
      response.addTrailers({ 'x-back': incoming.trailers['x-sum'] ?? 'none' });
      response.end(
        `${incoming.httpVersion} ${incoming.headers['x-forwarded-proto']} ${incoming.headers.host} ${length}`,
      );
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', socket => socket.on('message', text => socket.send(String(text).toUpperCase())));
  server.on('tlsClientError', () => {});
  return server;
}

/**
 * Speaks HTTP/2 but serves only over HTTP/1.1, like IIS with Windows authentication, and Apache with client certificates. It says so of each
 * stream, or by path of its connection, whose last stream is then this one (`seen`) or the one before (`unseen`).
 */
function pickyServer(): Http2SecureServer {
  const server = createSecureServer({ ...material, allowHTTP1: true, settings: { enableConnectProtocol: true } });
  const code = constants.NGHTTP2_HTTP_1_1_REQUIRED;
  server.on('connect', (_incoming: Http2ServerRequest, { stream }: Http2ServerResponse) => stream.close(code));
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) =>
    sockets.handleUpgrade(incoming, socket, head, opened =>
      opened.on('message', text => opened.send(String(text).toUpperCase())),
    ),
  );
  server.on('request', (incoming, response) => {
    if (incoming.httpVersionMajor === 2) {
      const { stream } = response;
      if (incoming.url.endsWith('/unseen')) stream.session!.goaway(code, stream.id! - 2);
      else if (incoming.url.endsWith('/seen')) {
        const ended = stream.session!;
        ended.goaway(code);
        setImmediate(() => ended.destroy());
      } else stream.close(code);
      return;
    }
    let body = '';
    incoming.on('data', (piece: Buffer) => {
      body += String(piece);
    });
    incoming.on('end', () => {
      response.writeHead(200, { trailer: 'x-back' });
      response.addTrailers({ 'x-back': String(incoming.trailers['x-sum'] ?? 'none') });
      response.end(`${incoming.httpVersion} ${incoming.method} ${incoming.headers.host} ${body}`);
    });
  });
  server.on('session', each => sessions.add(each));
  return server;
}

async function stop(server: Server | Http2SecureServer): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  if ('closeAllConnections' in server) server.closeAllConnections();
  for (const each of sessions) if (!each.destroyed) each.destroy();
  sessions.clear();
  await closed;
}

before(async () => {
  const files = authority.issue('api', { names: ['DNS:api.test', 'IP:127.0.0.1'] });
  material.cert = readFileSync(files.cert, 'utf8');
  material.key = readFileSync(files.key, 'utf8');
  trust.ca = authority.caText;
  node = http2Server();
  plain = http1Server();
  picky = pickyServer();
  rolling = http1Server();
  ports.picky = await listeningPort(picky);
  ports.node = await listeningPort(node);
  ports.plain = await listeningPort(plain);
  ports.rolling = await listeningPort(rolling);
  ports.nginxH2 = await freePort();
  ports.nginxPlain = await freePort();
  const { folder } = authority;
  const conf = authority.path('nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(name => `${name}_temp_path ${folder};`);
  const server = (port: number, http2: string) => `server { listen 127.0.0.1:${port} ssl${http2};
    ssl_certificate ${files.cert}; ssl_certificate_key ${files.key}; location / { return 200 "$server_protocol"; }
    location ~ /chat$ { proxy_pass https://127.0.0.1:${ports.plain}; proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection Upgrade; } }`;
  writeFileSync(
    conf,
    `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log; events { worker_connections 256; }
http { ${temporary.join(' ')} access_log off; ${server(ports.nginxH2, ' http2')} ${server(ports.nginxPlain, '')} }`,
  );
  nginx = await startChild('/usr/sbin/nginx', ['-p', folder, '-c', conf, '-e', 'stderr']);
  await untilAccepting(nginx, ports.nginxH2);
  const upstreams: readonly (readonly [string, string, number])[] = [
    ['node-h2', 'h2', ports.node],
    ['node-auto', 'auto', ports.node],
    ['plain-h2', 'h2', ports.plain],
    ['plain-auto', 'auto', ports.plain],
    ['picky-h2', 'h2', ports.picky],
    ['picky-auto', 'auto', ports.picky],
    ['nginx-h2', 'h2', ports.nginxH2],
    ['nginx-auto', 'auto', ports.nginxH2],
    ['old-nginx-h2', 'h2', ports.nginxPlain],
    ['old-nginx-auto', 'auto', ports.nginxPlain],
    ['rolling', 'auto', ports.rolling],
  ];
  gateway = await startGateway(`listeners:
  - address: 127.0.0.1:{{port}}
    tls: { certificates: [{ cert: ${files.cert}, key: ${files.key} }] }
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
limits: { body: 10MiB }
upstreams:
${upstreams.map(([name, protocol, port]) => `  ${name}: { endpoints: ["https://127.0.0.1:${port}"], protocol: ${protocol}, tls: { ca: ${authority.ca} } }`).join('\n')}
routes:
${upstreams.map(([name]) => `  - { name: ${name}, match: { path: /${name}/* }, public: true, to: ${name} }`).join('\n')}
`);
  session = connect(`https://127.0.0.1:${gateway.port}`, trust);
  await once(session, 'connect');
});

after(async () => {
  session?.destroy();
  await gateway?.stop();
  await nginx?.stop();
  await stop(node);
  await stop(plain);
  await stop(picky);
  await stop(rolling);
  authority.remove();
});

interface Got {
  readonly status: number;
  readonly body: string;
  readonly trailers: Record<string, unknown>;
  readonly informational: readonly number[];
}

/** Sends a request as an HTTP/1.1 client, with a trailer. */
async function ask1(path: string, body = '', method = 'POST'): Promise<Got> {
  const { port } = gateway;
  const headers = { host: 'api.test', 'transfer-encoding': 'chunked', trailer: 'x-sum' };
  const request = httpsRequest({ host: '127.0.0.1', port, path, method, headers, agent: false, ...trust });
  const informational: number[] = [];
  request.on('information', ({ statusCode }) => informational.push(statusCode));
  request.flushHeaders();
  request.addTrailers({ 'x-sum': '42' });
  request.end(body);
  const [response] = await once(request, 'response');
  let text = '';
  for await (const piece of response) text += String(piece);
  return { status: response.statusCode, body: text, trailers: response.trailers, informational };
}

/** Sends a request as an HTTP/2 client, with a trailer. */
async function ask2(path: string, body = '', method = 'POST'): Promise<Got> {
  const stream = session.request(
    { ':method': method, ':path': path, ':authority': 'api.test' },
    { waitForTrailers: true, endStream: false },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
  const informational: number[] = [];
  stream.on('headers', fields => informational.push(Number(fields[':status'])));
  let trailers: Record<string, unknown> = {};
  stream.on('trailers', fields => {
    trailers = fields;
  });
  stream.end(body);
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  let text = '';
  for await (const piece of stream) text += String(piece);
  return { status: Number(headers[':status']), body: text, trailers, informational };
}

const large = 'x'.repeat(2_000_000);

for (const [client, ask] of [
  ['HTTP/1.1', ask1],
  ['HTTP/2', ask2],
] as const) {
  for (const [name, expected] of [
    ['node-h2', `2.0 https api.test ${large.length}`],
    ['node-auto', `2.0 https api.test ${large.length}`],
    ['plain-auto', `1.1 https api.test ${large.length}`],
  ] as const) {
    test(`a client of ${client} through ${name}: body, trailers and interim answers`, async () => {
      const got = await ask(`/${name}/`, large);
      assert.deepEqual([got.status, got.body], [200, expected]);
      assert.equal(got.trailers['x-back'], '42');
      assert.deepEqual(got.informational, [103]);
    });
  }

  test(`a client of ${client} through nginx with HTTP/2 and without`, async () => {
    assert.equal((await ask('/nginx-h2/')).body, 'HTTP/2.0');
    assert.equal((await ask('/nginx-auto/')).body, 'HTTP/2.0');
    assert.equal((await ask('/old-nginx-auto/')).body, 'HTTP/1.1');
  });

  test(`a client of ${client}: an endpoint that wants HTTP/1.1 for a request gets it so under auto, and what follows as well`, async () => {
    for (const body of ['once', 'again', '']) {
      const got = await ask('/picky-auto/', body);
      assert.deepEqual([got.status, got.body, got.trailers['x-back']], [200, `1.1 POST api.test ${body}`, '42']);
    }
    const refused = await ask('/picky-h2/', 'body');
    assert.equal(refused.status, 502);
    assert.match(refused.body, /"code":"upstream_reset"/);
  });

  test(`a client of ${client}: an endpoint that ends its connection because it wants HTTP/1.1 gets under auto what it did not look at, and what may be repeated`, async () => {
    // The first stream of a connection, which the endpoint names as the last one that it looked at.
    await ask('/picky-auto/');
    const unseen = await ask('/picky-auto/unseen', 'once');
    assert.deepEqual([unseen.status, unseen.body], [200, '1.1 POST api.test once']);
    const put = await ask('/picky-auto/seen', 'again', 'PUT');
    assert.deepEqual([put.status, put.body], [200, '1.1 PUT api.test again']);
    const post = await ask('/picky-auto/seen', 'once');
    assert.equal(post.status, 502);
    assert.match(post.body, /"code":"upstream_reset"/);
  });

  for (const name of ['plain-h2', 'old-nginx-h2']) {
    test(`a client of ${client}: ${name} does not speak what it must`, async () => {
      const got = await ask(`/${name}/`);
      assert.match(got.body, /"code":"upstream_(?:connect|tls)_failed"/);
      assert.ok(got.status >= 502);
    });
  }
}

// nginx accepts no tunnel over HTTP/2, and the picky server wants each over HTTP/1.1.
for (const name of ['node-h2', 'node-auto', 'plain-auto', 'nginx-auto', 'picky-auto']) {
  test(`a WebSocket through ${name}`, async () => {
    const socket = new WebSocket(`wss://127.0.0.1:${gateway.port}/${name}/chat`, {
      perMessageDeflate: false,
      ...trust,
    });
    await once(socket, 'open');
    socket.send('hello');
    const [message] = (await once(socket, 'message')) as [Buffer];
    assert.equal(message.toString(), 'HELLO');
    socket.close(1000);
    await once(socket, 'close');
  });
}

test('a WebSocket of an HTTP/2 client, to an endpoint that takes no tunnel over HTTP/2', async () => {
  const open = async (path: string) => {
    const stream = session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': path,
        ':authority': 'api.test',
        'sec-websocket-version': '13',
      },
      { endStream: false },
    );
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    return { stream, status: headers[':status'] };
  };
  const refused = await open('/nginx-h2/chat');
  assert.equal(refused.status, 502);
  let problem = '';
  for await (const piece of refused.stream) problem += String(piece);
  assert.match(problem, /upstream_upgrade_refused/);
  const { stream, status } = await open('/nginx-auto/chat');
  assert.equal(status, 200);
  stream.write(Buffer.from('8182000000006869', 'hex'));
  const [answer] = (await once(stream, 'data')) as [Buffer];
  assert.deepEqual(answer, Buffer.concat([Buffer.of(0x81, 2), Buffer.from('HI')]));
  stream.close();
  // Later requests continue over HTTP/2.
  assert.equal((await ask2('/nginx-auto/')).body, 'HTTP/2.0');
});

test('an endpoint that comes to speak another protocol is spoken to in it', async () => {
  const said: string[] = [];
  const ask = async () => said.push((await ask1('/rolling/')).body.slice(0, 3));
  await ask();
  // First without HTTP/1.1, then with HTTP/1.1 only, then without it again.
  for (const next of [http2Server(), http1Server(), http2Server()]) {
    await stop(rolling);
    rolling = next;
    await listeningPort(rolling, ports.rolling);
    await ask();
    await ask();
  }
  assert.deepEqual(said, ['1.1', '2.0', '2.0', '1.1', '1.1', '2.0', '2.0']);
});
