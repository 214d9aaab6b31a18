// Pages for people: who gets one and who gets problem+json, over HTTP/1.1 and HTTP/2, and what stays the same for both.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { ClientConnection } from '../../support/client-connection.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

const backend = createServer((_request, response) => {
  response.writeHead(404, { 'content-type': 'text/plain' }).end('the upstream’s own');
});

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-pages-'));

function page(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

let gateway: RunningGateway;

before(async () => {
  const port = await listeningPort(backend);
  const nobody = await freePort();
  const notFound = page(
    '404.html',
    '<!doctype html><title>Größe ${status}</title><h1>${title}</h1>${code} ${requestId}\n',
  );
  const trouble = page('5xx.html', '<h1>Sorry ${status}</h1>');
  const own = page('own.html', '<h1>Own ${code}</h1>');
  gateway = await startGateway(`listeners:
  - { address: "127.0.0.1:{{port}}", protocols: [http/1.1, h2c] }
admin: { address: "127.0.0.1:{{adminPort}}" }
errorPages: { 404: ${notFound}, 5xx: ${trouble}, 4xx: ${trouble} }
upstreams:
  app: { endpoints: ["http://127.0.0.1:${port}"] }
  gone: { endpoints: ["http://127.0.0.1:${nobody}"] }
routes:
  - { name: app, match: { path: /app }, to: app }
  - { name: gone, match: { path: /gone }, filters: [compress: { minimum: 1B }], to: gone }
  - { name: own, match: { path: /own }, errorPages: { default: ${own} }, to: gone }
  - { name: data, match: { path: /data }, errorPages: off, to: gone }
  - { name: locked, match: { path: /locked }, filters: [apiKey: {}], to: app }
  - { name: limited, match: { path: /limited }, filters: [rateLimit: { limit: 1/h, by: route }], to: { reply: { status: 204 } } }
`);
});

after(async () => {
  await gateway.stop();
  backend.closeAllConnections();
  backend.close();
  rmSync(folder, { recursive: true, force: true });
});

function ask(target: string, accept: string, method = 'GET'): Promise<Response> {
  return fetch(`http://127.0.0.1:${gateway.port}${target}`, { method, headers: { accept } });
}

describe('a browser gets', () => {
  test('the page of the status, filled in, for a path without a route', async () => {
    const response = await ask('/none', browser);
    const text = await response.text();
    const id = /route_not_found ([0-9a-f]{32})$/.exec(text)?.[1];
    assert.equal(text, `<!doctype html><title>Größe 404</title><h1>No route</h1>route_not_found ${id}`);
    assert.equal(response.status, 404);
    const { headers } = response;
    assert.equal(headers.get('content-type'), 'text/html; charset=utf-8');
    assert.equal(headers.get('content-length'), String(Buffer.byteLength(text)));
    assert.equal(headers.get('proxy-status'), 'cardea; error=destination_not_found; details="route_not_found"');
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('vary'), 'Accept');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
  });

  test('only the head of it for HEAD', async () => {
    const response = await ask('/none', browser, 'HEAD');
    assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.ok(Number(response.headers.get('content-length')) > 50);
    assert.equal(await response.text(), '');
  });

  test('the page of 5xx where no endpoint can be reached, through the filters of the route', async () => {
    const response = await ask('/gone', browser);
    assert.equal(response.status, 503);
    assert.equal(await response.text(), '<h1>Sorry 503</h1>');
    assert.notEqual(response.headers.get('content-encoding'), null);
    assert.match(response.headers.get('vary') ?? '', /Accept\b(?!-)/);
  });

  test('the route’s own page', async () => {
    assert.equal(await (await ask('/own', browser)).text(), '<h1>Own upstream_connect_failed</h1>');
  });

  test('the fields of the refusal with the page', async () => {
    const locked = await ask('/locked', browser);
    assert.equal(locked.headers.get('www-authenticate'), 'ApiKey realm="cardea"');
    assert.equal(await locked.text(), '<h1>Sorry 401</h1>');
    await ask('/limited', browser);
    const limited = await ask('/limited', browser);
    assert.equal(limited.status, 429);
    assert.match(limited.headers.get('retry-after') ?? '', /^[0-9]+$/);
    assert.notEqual(limited.headers.get('ratelimit'), null);
    assert.equal(await limited.text(), '<h1>Sorry 429</h1>');
  });

  test('what the upstream itself responds as it is', async () => {
    const response = await ask('/app', browser);
    assert.equal(await response.text(), 'the upstream’s own');
    assert.equal(response.headers.get('vary'), null);
  });

  test('problem+json on a route without pages', async () => {
    const response = await ask('/data', browser);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    assert.equal(response.headers.get('vary'), null);
  });
});

describe('a program gets problem+json', () => {
  for (const accept of ['*/*', 'application/json', 'text/html, application/json'])
    test(`with Accept: ${accept}`, async () => {
      const response = await ask('/none', accept);
      assert.equal(response.headers.get('content-type'), 'application/problem+json');
      assert.equal(response.headers.get('vary'), 'Accept');
      assert.equal(response.headers.get('x-content-type-options'), null);
      assert.equal(((await response.json()) as { code: string }).code, 'route_not_found'); // Because: that is its form.
    });

  test('without Accept, and for a message that cannot be read, whatever it accepts', async () => {
    for (const [message, code] of [
      ['GET /none HTTP/1.1\r\nHost: test\r\n\r\n', 'route_not_found'],
      [`GET /none HTTP/1.1\r\nHost: test\r\nAccept: ${browser}\r\na : b\r\n\r\n`, 'malformed_header'],
    ] as const) {
      const client = await ClientConnection.open(gateway.port);
      client.send(message);
      const received = String(await client.until(bytes => bytes.includes('requestId')));
      assert.match(received, /\r\nContent-Type: application\/problem\+json\r\n/i);
      assert.ok(received.includes(`"code":"${code}"`), received);
      client.socket.destroy();
    }
  });
});

describe('over HTTP/2', () => {
  let session: ClientHttp2Session;
  before(() => {
    session = connect(`http://127.0.0.1:${gateway.port}`);
  });
  after(() => session.close());

  function exchange(fields: Record<string, string>): Promise<{ headers: IncomingHttpHeaders; body: string }> {
    return new Promise((resolve, reject) => {
      const stream = session.request(fields);
      let headers: IncomingHttpHeaders = {};
      let body = '';
      stream.setEncoding('utf8');
      stream.on('response', fieldsBack => {
        headers = fieldsBack;
      });
      stream.on('data', piece => {
        body += piece;
      });
      stream.on('end', () => resolve({ headers, body }));
      stream.on('error', reject);
      stream.end();
    });
  }

  test('a browser gets the page', async () => {
    const { headers, body } = await exchange({ ':path': '/gone', accept: browser });
    assert.equal(headers[':status'], 503);
    assert.equal(headers['content-type'], 'text/html; charset=utf-8');
    assert.equal(body, '<h1>Sorry 503</h1>');
  });

  test('a gRPC call gets its status, whatever it accepts', async () => {
    const { headers, body } = await exchange({
      ':path': '/none',
      ':method': 'POST',
      'content-type': 'application/grpc',
      accept: browser,
    });
    assert.equal(headers['content-type'], 'application/grpc');
    assert.equal(headers['grpc-status'], '12');
    assert.equal(body, '');
  });
});

test('a page that changes is shown without a restart', async () => {
  page('5xx.html', '<h1>Again ${status}</h1>');
  // Because: the file is watched, and a reload reports to nobody when it is over.
  await eventually(async () => (await (await ask('/gone', browser)).text()) === '<h1>Again 503</h1>', 'the new page');
});
