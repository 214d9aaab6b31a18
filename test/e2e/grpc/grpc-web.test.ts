// gRPC-Web, binary and text, to a gRPC server of the reference library: by Connect's transport in Node, by hand, and from Chromium.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { chromium } from 'playwright-core';
import { startGateway } from '../../support/gateway.ts';
import { type EchoHandlers, startEcho } from '../../support/grpc-echo.ts';
import { Flag, FrameType } from '../../support/h2-client.ts';
import { startH2Server } from '../../support/h2-server.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { outcomeOf } from '../h2-upstream/h2-endpoint.ts';

interface TestContext {
  after(fn: () => unknown): void;
}

async function start(t: TestContext, handlers: EchoHandlers = {}, filters = '', port = 0) {
  const server = await startEcho(handlers);
  const gateway = await startGateway(`
upstreams: { echo: { endpoints: ["http://127.0.0.1:${port || server.port}"], protocol: h2c } }
routes:
  - name: echo
    match: { path: /test.Echo/* }
    public: true
    filters:
      - cors: { origins: ["*"], methods: [POST], headers: [content-type, x-grpc-web, x-user-agent, grpc-timeout], exposeHeaders: [grpc-status, grpc-message] }
      - grpcWeb: {}
${filters}
    to: echo
`);
  t.after(async () => {
    await gateway.stop();
    server.stop();
  });
  return { base: `http://127.0.0.1:${gateway.port}`, gateway };
}

/** A message in its frame. */
function frame(message: Buffer | string): Buffer {
  const bytes = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

/** Messages and trailers in the body of a response. */
function unframed(body: Buffer): { messages: string[]; trailers: string } {
  const messages: string[] = [];
  let trailers = '';
  for (let at = 0; at < body.length; ) {
    const length = body.readUInt32BE(at + 1);
    const content = body.toString('latin1', at + 5, at + 5 + length);
    if (body[at] === 0x80) trailers = content;
    else messages.push(content);
    at += 5 + length;
  }
  return { messages, trailers };
}

async function call(
  base: string,
  method: string,
  body: Buffer | string,
  type = 'application/grpc-web+proto',
  more: Record<string, string> = {},
) {
  const response = await fetch(`${base}/test.Echo/${method}`, {
    method: 'POST',
    body,
    headers: { 'content-type': type, 'x-grpc-web': '1', ...more },
  });
  return { response, body: Buffer.from(await response.arrayBuffer()) };
}

test('a binary call: messages pass, the status comes behind them', async t => {
  const { base } = await start(t);
  const { response, body } = await call(base, 'Spread', frame('abc'));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'application/grpc-web+proto');
  const { messages, trailers } = unframed(body);
  assert.deepEqual(messages, ['a', 'b', 'c']);
  assert.match(trailers, /^grpc-status: 0\r\n/m);
});

test('a text call, in pieces with padding of their own', async t => {
  const { base } = await start(t);
  const message = frame('hello there');
  const text = [message.subarray(0, 4), message.subarray(4, 11), message.subarray(11)]
    .map(piece => piece.toString('base64'))
    .join('');
  const { response, body } = await call(base, 'Unary', text, 'application/grpc-web-text');
  assert.equal(response.headers.get('content-type'), 'application/grpc-web-text');
  const pieces = body.toString('latin1').match(/[^=]+=*/g) ?? [];
  const { messages, trailers } = unframed(Buffer.concat(pieces.map(piece => Buffer.from(piece, 'base64'))));
  assert.deepEqual(messages, ['hello there']);
  assert.match(trailers, /grpc-status: 0/);
  const broken = await call(base, 'Unary', '!!!!', 'application/grpc-web-text');
  assert.equal(broken.response.headers.get('grpc-status'), String(status.INVALID_ARGUMENT));
});

test('a text call that turns out not to be base64 behind the head of the response is cut, on both sides', async t => {
  const server = await startH2Server({
    onRequest: ({ connection, stream }) =>
      connection.headers(stream, [
        [':status', '200'],
        ['content-type', 'application/grpc'],
      ]),
    // A call that looks complete gets its status.
    onFrame(connection, { type, flags, stream }) {
      if (type === FrameType.data && (flags & Flag.endStream) !== 0)
        connection.headers(stream, [['grpc-status', '0']], true);
    },
  });
  t.after(() => server.stop());
  const { gateway } = await start(t, {}, '', server.port);
  const request = httpRequest({
    host: '127.0.0.1',
    port: gateway.port,
    path: '/test.Echo/Unary',
    method: 'POST',
    headers: { 'content-type': 'application/grpc-web-text', 'transfer-encoding': 'chunked' },
    agent: false,
  });
  request.on('error', () => {});
  request.write(frame('first').toString('base64'));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const outcome = outcomeOf(response);
  request.write('!!!!');
  request.end(frame('second').toString('base64'));
  const { status: told, whole } = await outcome;
  assert.deepEqual([told, whole], [200, false]);
  const { connection, stream } = server.requests[0]!;
  const CANCEL = 8;
  await server.until(() => connection.reset(stream) === CANCEL);
  assert.deepEqual(connection.body(stream), frame('first'));
});

test('a failure of the service, without a message before it', async t => {
  const { base } = await start(t, {
    unary: (_call, callback) => callback({ code: status.NOT_FOUND, details: 'no such thing' }),
  });
  const { response, body } = await call(base, 'Unary', frame('x'));
  assert.equal(response.status, 200);
  const told = response.headers.get('grpc-status') ?? /grpc-status: (\d+)/.exec(unframed(body).trailers)?.[1];
  assert.equal(told, String(status.NOT_FOUND));
});

test("the gateway's own refusal is a status", async t => {
  const { base } = await start(t, {}, '      - ipAccess: { deny: [127.0.0.1] }');
  const { response, body } = await call(base, 'Unary', frame('x'));
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('grpc-status'), String(status.PERMISSION_DENIED));
  assert.match(unframed(body).trailers, /grpc-status: 7\r\n/);
});

test('the deadline of a page is that of the exchange, over HTTP/1.1 too', async t => {
  // A bare server, because the reference library's server would enforce the deadline itself.
  const silent = await startH2Server({});
  t.after(() => silent.stop());
  const { base } = await start(t, {}, '', silent.port);
  const { response, body } = await call(base, 'Unary', frame('x'), undefined, { 'grpc-timeout': '200m' });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('grpc-status'), String(status.DEADLINE_EXCEEDED));
  assert.match(unframed(body).trailers, /grpc-status: 4\r\n/);
  assert.match(response.headers.get('proxy-status')!, /exchange_timeout/);
});

test('a request that is no gRPC-Web passes as it is', async t => {
  const { base } = await start(t);
  const response = await fetch(`${base}/test.Echo/Unary`, {
    method: 'POST',
    body: 'x',
    headers: { 'content-type': 'text/plain' },
  });
  assert.notEqual(response.headers.get('content-type'), 'application/grpc-web+proto');
});

test('a page of another site calls it from Chromium', async t => {
  const { base } = await start(t);
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end('<title>site</title>');
  });
  const port = await listeningPort(site);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    const seen = await page.evaluate(
      async ([url, bytes]) => {
        const response = await fetch(url as string, {
          method: 'POST',
          headers: { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' },
          body: new Uint8Array(bytes as number[]),
        });
        return { status: response.status, body: [...new Uint8Array(await response.arrayBuffer())] };
      },
      [`${base}/test.Echo/Unary`, [...frame('from a browser')]],
    );
    assert.equal(seen.status, 200);
    const { messages, trailers } = unframed(Buffer.from(seen.body));
    assert.deepEqual(messages, ['from a browser']);
    assert.match(trailers, /grpc-status: 0/);
  } finally {
    await browser.close();
    site.closeAllConnections();
    site.close();
  }
});
