// The largest request body: for all routes, of single routes in its place, and lowered by the filter; announced, and in chunks.

import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import { after, before, test } from 'node:test';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const backend = createServer((request, response) => {
  let bytes = 0;
  request.on('data', (piece: Buffer) => {
    bytes += piece.length;
  });
  request.on('end', () => response.end(String(bytes)));
});

let gateway: RunningGateway;

before(async () => {
  const port = await listeningPort(backend);
  gateway = await startGateway(`limits: { body: 1KiB, matchBody: 4KiB }
upstreams:
  app: { endpoints: ["http://127.0.0.1:${port}"] }
routes:
  - { name: upload, match: { path: /upload/* }, limits: { body: 100KiB }, to: app }
  - { name: lowered, match: { path: /upload/lowered }, limits: { body: 100KiB }, filters: [bodyLimit: { max: 10KiB }], to: app }
  - { name: any, match: { path: /any }, limits: { body: 0 }, to: app }
  - { name: small, match: { path: /small }, limits: { body: 10B }, to: app }
  - { name: order, match: { path: /match, body: { $.type: order } }, limits: { body: 3KiB }, to: app }
  - { name: all, match: { path: /* }, to: app }
`);
});

after(async () => {
  await gateway.stop();
  backend.closeAllConnections();
  backend.close();
});

/** The number of bytes that the backend received, or the code of the refusal. */
function outcome(path: string, body: string, chunked: boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string | number> = chunked ? {} : { 'content-length': body.length };
    const options = { host: '127.0.0.1', port: gateway.port, path, method: 'POST', headers, agent: false };
    const request = httpRequest(options, response => {
      let text = '';
      response.on('data', piece => {
        text += piece;
      });
      response.on('end', () => resolve(response.statusCode === 200 ? text : JSON.parse(text).code));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}

const json = (type: string, length: number) => `{"type":"${type}","a":"`.padEnd(length - 2, 'x').concat('"}');

for (const [path, length, expected] of [
  ['/other', 1_024, '1024'],
  ['/other', 1_025, 'body_too_large'],
  ['/upload/a', 102_400, '102400'],
  ['/upload/a', 102_401, 'body_too_large'],
  ['/upload/lowered', 10_240, '10240'],
  ['/upload/lowered', 10_241, 'body_too_large'],
  ['/any', 500_000, '500000'],
  ['/small', 10, '10'],
  ['/small', 11, 'body_too_large'],
] as const) {
  for (const chunked of [false, true]) {
    test(`${length} bytes ${chunked ? 'in chunks' : 'announced'} to ${path}: ${expected}`, async () => {
      assert.equal(await outcome(path, 'x'.repeat(length), chunked), expected);
    });
  }
}

test('where routes match on the body, the limit of the one that matches holds', async () => {
  for (const chunked of [false, true]) {
    assert.equal(await outcome('/match', json('order', 3_000), chunked), '3000');
    assert.equal(await outcome('/match', json('order', 3_100), chunked), 'body_too_large');
    assert.equal(await outcome('/match', json('other', 1_024), chunked), '1024');
    assert.equal(await outcome('/match', json('other', 1_025), chunked), 'body_too_large');
    // Beyond what is gathered, nothing can match on the body.
    assert.equal(await outcome('/match', json('order', 5_000), chunked), 'body_too_large');
  }
});

test('bodies that are held for the choice of a route, and never end, give way once they take too much together', async t => {
  const matching = await startGateway(`limits: { matchBody: 16MiB }
routes:
  - { name: order, match: { path: /, body: { $.type: order } }, public: true, to: { reply: { status: 201 } } }
  - { name: other, match: { path: / }, public: true, to: { reply: { status: 200 } } }
`);
  t.after(() => matching.stop());
  const body = json('order', 15 * 1_024 * 1_024);
  const begun = async () => {
    const options = { host: '127.0.0.1', port: matching.port, method: 'POST', agent: false };
    const request = httpRequest({ ...options, headers: { 'content-length': body.length } });
    const status = new Promise<number>((resolve, reject) => {
      request.on('response', response => resolve(response.resume().statusCode!));
      request.on('error', reject);
    });
    await new Promise<void>(resolve => request.write(body.slice(0, -1), () => resolve()));
    return { status, end: () => request.end(body.slice(-1)) };
  };
  const slow = [await begun(), await begun(), await begun(), await begun()];
  const quick = await begun();
  assert.equal(await slow[0]!.status, 503, 'the one that has been arriving longest');
  for (const each of [quick, ...slow.slice(1)]) {
    each.end();
    assert.equal(await each.status, 201);
  }
});
