// Bodies at, below and beyond the limit, announced and not.

import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { ask, type FilterGatewayOptions, startFilterGateway, written } from '../../../test/support/filter-gateway.ts';
import { schema } from './config.ts';
import { bodyLimitFilter } from './filter.ts';

async function start(t: { after(fn: () => Promise<void>): void }, max: string, options?: FilterGatewayOptions) {
  const seen = { requests: 0, complete: 0, lengths: [] as (string | undefined)[], ended: Promise.resolve() };
  const gateway = await startFilterGateway(
    [written(bodyLimitFilter, schema, { max })],
    (request, response) => {
      seen.requests++;
      seen.lengths.push(request.headers['content-length']);
      seen.ended = new Promise(resolve => request.on('close', () => resolve()));
      request.on('error', () => {});
      request.resume().on('end', () => {
        seen.complete++;
        response.end('ok');
      });
    },
    options,
  );
  t.after(() => gateway.stop());
  return { port: gateway.port, seen };
}

/** Sends the pieces with chunked encoding, and returns the status. */
function askChunked(port: number, pieces: readonly Buffer[]): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const request = httpRequest({ host: '127.0.0.1', port, method: 'POST', agent: false }, response => {
      answered = true;
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    // Because: the gateway closes the connection after a refusal, while this client may still be writing.
    request.on('error', error => (answered ? undefined : reject(error)));
    for (const piece of pieces) request.write(piece);
    request.end();
  });
}

test('an announced body within the limit passes with its length', async t => {
  const { port, seen } = await start(t, '1KiB');
  assert.equal((await ask(port, { method: 'POST', body: Buffer.alloc(1024) })).status, 200);
  assert.deepEqual(seen.lengths, ['1024']);
});

test('an announced body beyond the limit is refused before the upstream hears of it', async t => {
  const { port, seen } = await start(t, '1KiB');
  const answer = await ask(port, { method: 'POST', body: Buffer.alloc(1025) });
  assert.equal(answer.status, 413);
  const problem = JSON.parse(answer.body.toString());
  assert.equal(problem.code, 'body_too_large');
  assert.match(problem.detail, /1024 bytes/);
  assert.equal(seen.requests, 0);
});

test('a body of unknown length is cut where it passes the limit', async t => {
  const { port, seen } = await start(t, '64KiB');
  assert.equal(await askChunked(port, [Buffer.alloc(32_768), Buffer.alloc(32_768)]), 200);
  assert.equal(seen.complete, 1);
  assert.equal(await askChunked(port, [Buffer.alloc(65_536), Buffer.alloc(1)]), 413);
  await seen.ended;
  assert.equal(seen.complete, 1);
});

test('a body that was gathered for the router counts', async t => {
  const { port, seen } = await start(t, '64B', { bodyMember: 'type' });
  assert.equal(await askChunked(port, [Buffer.from('{"type":1}')]), 200);
  assert.equal(await askChunked(port, [Buffer.from(`{"type":1,"text":"${'x'.repeat(100)}"}`)]), 413);
  assert.equal(seen.requests, 1);
});

test('requests without a body pass', async t => {
  const { port } = await start(t, '1B');
  assert.equal((await ask(port)).status, 200);
});

test('a filter never raises the gateway’s own limit', async t => {
  const { port } = await start(t, '1MiB', { bodyBytesMax: 100 });
  assert.equal(await askChunked(port, [Buffer.alloc(60), Buffer.alloc(60)]), 413);
});

test('the limit is a size above 0', () => {
  for (const max of ['0B', '1', 'big', 5]) assert.ok(!schema.safeParse({ max }).success, String(max));
  assert.deepEqual(schema.parse({ max: '2MiB' }), { max: 2_097_152 });
});
