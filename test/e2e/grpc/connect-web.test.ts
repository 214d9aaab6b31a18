// gRPC-Web as pages speak it: the transport of connect-web, in Node and in Chromium on a page of another site, against a grpc-js service.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { stripTypeScriptTypes } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import { chromium } from 'playwright-core';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startEcho } from '../../support/grpc-echo.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { type CallOutcomes, connectWebCalls } from './connect-web-calls.ts';

let gateway: RunningGateway;
let server: Awaited<ReturnType<typeof startEcho>>;
let base: string;

/** A message of `google.protobuf.StringValue`. */
function textMessage(text: string): Buffer {
  return Buffer.concat([Buffer.of(10, Buffer.byteLength(text)), Buffer.from(text)]);
}

before(async () => {
  server = await startEcho({
    unary: (call, callback) => {
      const text = call.request.subarray(2).toString();
      if (text === 'refuse') callback({ code: status.FAILED_PRECONDITION, details: 'not today: größer' });
      else if (text !== 'wait') callback(null, call.request);
    },
    spread: call => {
      for (const letter of call.request.subarray(2).toString()) call.write(textMessage(letter));
      call.end();
    },
  });
  gateway = await startGateway(`
upstreams: { echo: { endpoints: ["http://127.0.0.1:${server.port}"], protocol: h2c } }
filters:
  - cors: { origins: ["*"], methods: [POST], headers: [content-type, x-grpc-web, x-user-agent, grpc-timeout], exposeHeaders: [grpc-status, grpc-message] }
  - grpcWeb: {}
routes:
  - { name: echo, match: { path: /test.Echo/* }, public: true, to: echo }
  - { name: refusal, match: { path: /elsewhere/* }, public: true, filters: [apiKey: {}], to: echo }
`);
  base = `http://127.0.0.1:${gateway.port}`;
});

after(async () => {
  await gateway.stop();
  server.stop();
});

function check(outcomes: CallOutcomes): void {
  assert.equal(outcomes.unary, 'grüezi');
  assert.deepEqual(outcomes.spread, ['a', 'b', 'c']);
  assert.equal(outcomes.refused, 'FailedPrecondition: not today: größer');
  assert.match(outcomes.unknown, /^Unauthenticated: ./);
  assert.match(outcomes.deadline, /^DeadlineExceeded: ./);
}

test('the transport of connect-web', async () => {
  check(await connectWebCalls(base, `${base}/elsewhere`));
});

/** Serves a page, and modules as Node finds them: a name leads to its file, so that what the file imports is found beside it. */
async function startSite() {
  const calls = stripTypeScriptTypes(readFileSync(new URL('./connect-web-calls.ts', import.meta.url), 'utf8'));
  const names = ['@bufbuild/protobuf', '@connectrpc/connect', '@connectrpc/connect-web'];
  const imports = Object.fromEntries(
    names.flatMap(name => [
      [name, `/name/${name}`],
      [`${name}/`, `/name/${name}/`],
    ]),
  );
  const page = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${JSON.stringify({ imports })}</script>`;
  const site = createServer(({ url = '/' }, response) => {
    if (url.startsWith('/name/')) {
      const file = fileURLToPath(import.meta.resolve(url.slice('/name/'.length)));
      response.writeHead(302, { location: `/file${file}` }).end();
      return;
    }
    const isModule = url !== '/';
    const body = url === '/calls.js' ? calls : isModule ? readFileSync(url.slice('/file'.length)) : page;
    response.writeHead(200, { 'content-type': isModule ? 'text/javascript' : 'text/html' }).end(body);
  });
  return { port: await listeningPort(site), site };
}

test('the same on a page of another site, in Chromium', async () => {
  const { port, site } = await startSite();
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    // Because: the page's own module is no file that the compiler could find.
    const module = '/calls.js';
    const outcomes = await page.evaluate(
      async ([from, to]) =>
        ((await import(from!)) as { connectWebCalls: typeof connectWebCalls }).connectWebCalls(to!, `${to}/elsewhere`),
      [module, base],
    );
    check(outcomes);
  } finally {
    await browser.close();
    site.closeAllConnections();
    site.close();
  }
});
