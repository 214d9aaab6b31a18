// Responses compressed on their way, decompressed by node:zlib; heads as caches and browsers need them; no stream left behind.

import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  zstdDecompressSync,
} from 'node:zlib';
import { ask, startFilterGateway, valuesOf, written } from '../../../test/support/filter-gateway.ts';
import { openStreams } from './compressed-body.ts';
import { schema } from './config.ts';
import { compressFilter } from './filter.ts';

interface TestContext {
  after(fn: () => Promise<void>): void;
}

const decompress = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };
const encodings = ['gzip', 'br', 'zstd'] as const;

/** Text that compresses well and differs everywhere, so that pieces in the wrong order would show. */
function textOf(bytes: number): Buffer {
  let text = '';
  for (let n = 0; text.length < bytes; n++) text += `line ${n} of ${bytes} `;
  return Buffer.from(text.slice(0, bytes));
}

async function start(t: TestContext, backend: RequestListener, config: unknown = {}) {
  const gateway = await startFilterGateway([written(compressFilter, schema, config)], backend);
  t.after(() => gateway.stop());
  return gateway.port;
}

const answerWith =
  (
    body: Buffer | string,
    head: Record<string, string | number | readonly string[]> = {},
    status = 200,
  ): RequestListener =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'text/plain', 'content-length': Buffer.byteLength(body), ...head });
    response.end(body);
  };

for (const encoding of encodings) {
  for (const [kind, bytes] of [
    ['short', 5_000],
    ['long', 3_000_000],
  ] as const) {
    test(`${encoding}: a ${kind} body of known length`, async t => {
      const body = textOf(bytes);
      const port = await start(t, answerWith(body, { etag: '"v1"', 'accept-ranges': 'bytes' }));
      const answer = await ask(port, { headers: { 'accept-encoding': encoding } });
      assert.equal(answer.headers['content-encoding'], encoding);
      assert.equal(answer.headers['content-length'], undefined);
      assert.equal(answer.headers['accept-ranges'], undefined);
      assert.equal(answer.headers.etag, 'W/"v1"');
      assert.deepEqual(valuesOf(answer, 'vary'), ['Accept-Encoding']);
      assert.ok(answer.body.length < bytes / 3, `${answer.body.length}`);
      assert.ok(decompress[encoding](answer.body).equals(body));
    });
  }

  test(`${encoding}: a long body of unknown length, in many pieces`, async t => {
    const body = textOf(1_000_000);
    const port = await start(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      for (let at = 0; at < body.length; at += 7_777) response.write(body.subarray(at, at + 7_777));
      response.end();
    });
    const answer = await ask(port, { headers: { 'accept-encoding': encoding } });
    assert.equal(answer.headers['content-encoding'], encoding);
    assert.ok(decompress[encoding](answer.body).equals(body));
    assert.equal(openStreams(), 0);
  });

  test(`${encoding}: events arrive one by one`, { timeout: 10_000 }, async t => {
    const { events, next } = await eventStream(t, encoding);
    for (let n = 0; n < 5; n++) {
      // Because: the next event is sent only after this one was read, so an event that was held back would hang the test.
      events.write(`data: ${n}\n\n`);
      assert.equal(await next(), `data: ${n}\n\n`);
    }
    events.end();
    assert.equal(await next(), null);
  });
}

/** A stream of events: the backend's response, and a function that returns what the client receives, decompressed. */
async function eventStream(t: TestContext, encoding: (typeof encodings)[number]) {
  const started = Promise.withResolvers<ServerResponse>();
  const port = await start(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    started.resolve(response);
  });
  const decoder = { gzip: createGunzip, br: createBrotliDecompress, zstd: createZstdDecompress }[encoding]();
  const request = httpRequest({ port, agent: false, headers: { 'accept-encoding': encoding } }, response => {
    assert.equal(response.headers['content-encoding'], encoding);
    response.pipe(decoder);
  });
  request.end();
  t.after(async () => {
    request.destroy();
  });
  const pieces = decoder[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const next = async () => {
    const { value, done } = await pieces.next();
    return done ? null : value.toString();
  };
  return { events: await started.promise, next };
}

test('what is not compressed goes out as it came', async t => {
  const body = textOf(5_000);
  for (const [why, head, status] of [
    ['another type', { 'content-type': 'image/png' }, 200],
    ['no type', { 'content-type': '' }, 200],
    ['encoded already', { 'content-encoding': 'br' }, 200],
    ['encoded already, said in a second line', { 'content-encoding': ['identity', 'br'] }, 200],
    ['no-transform', { 'cache-control': 'public, No-Transform' }, 200],
    ['a part', { 'content-range': 'bytes 0-4999/9999' }, 206],
  ] as const) {
    const port = await start(t, answerWith(body, { ...head, etag: '"v1"' }, status));
    const answer = await ask(port, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(answer.headers.vary, undefined, why);
    assert.equal(answer.headers.etag, '"v1"', why);
    assert.equal(answer.headers['content-length'], '5000', why);
    assert.ok(answer.body.equals(body), why);
  }
});

test('what could be compressed for another client says so with Vary', async t => {
  const body = textOf(5_000);
  for (const [why, head, accepted] of [
    ['a client that accepts nothing', {}, 'identity'],
    ['a client that says nothing', {}, null],
    ['a digest', { 'repr-digest': 'sha-256=:x:' }, 'gzip'],
    ['a short body', { 'content-length': 999 }, 'gzip'],
  ] as const) {
    const sent = body.subarray(0, 'content-length' in head ? head['content-length'] : body.length);
    const port = await start(t, answerWith(sent, { ...head, vary: 'Cookie' }));
    const answer = await ask(port, { headers: accepted === null ? {} : { 'accept-encoding': accepted } });
    assert.equal(answer.headers['content-encoding'], undefined, why);
    assert.deepEqual(valuesOf(answer, 'vary'), ['Cookie', 'Accept-Encoding'], why);
    assert.ok(answer.body.equals(sent), why);
  }
});

test('an answer whose digest stands behind its body stays as it is', async t => {
  const port = await start(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', trailer: 'X-Rows, Content-Digest' });
    response.write(textOf(5_000));
    response.addTrailers({ 'content-digest': 'sha-256=:x:', 'x-rows': '5' });
    response.end();
  });
  const answer = await ask(port, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(answer.headers['content-encoding'], undefined);
  assert.ok(answer.body.equals(textOf(5_000)));
});

test('the client’s own no-transform counts too', async t => {
  const port = await start(t, answerWith(textOf(5_000)));
  const headers = { 'accept-encoding': 'gzip', 'cache-control': 'no-transform' };
  assert.equal((await ask(port, { headers })).headers['content-encoding'], undefined);
});

test('a short body is compressed for a client that refuses it as it is', async t => {
  const port = await start(t, answerWith('short'));
  const answer = await ask(port, { headers: { 'accept-encoding': 'gzip, identity;q=0' } });
  assert.equal(gunzipSync(answer.body).toString(), 'short');
});

test('several Accept-Encoding fields are one list, whatever a client before sent in the first of them', async t => {
  const port = await start(t, answerWith(textOf(5_000)));
  const encodingFor = async (...accepted: string[]) =>
    (await ask(port, { headers: { 'accept-encoding': accepted } })).headers['content-encoding'];
  assert.equal(await encodingFor('identity'), undefined);
  assert.equal(await encodingFor('identity', 'gzip'), 'gzip');
  assert.equal(await encodingFor('gzip'), 'gzip');
  assert.equal(await encodingFor('gzip', 'identity;q=1, gzip;q=0'), undefined);
  assert.equal(await encodingFor('gzip'), 'gzip');
});

test('an empty body stays empty', async t => {
  const port = await start(t, answerWith(''), { minimum: '0B' });
  const answer = await ask(port, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(answer.headers['content-encoding'], undefined);
  assert.equal(answer.headers['content-length'], '0');
});

test('a chunked answer without a byte ends well', async t => {
  const port = await start(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' });
    response.end();
  });
  const answer = await ask(port, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(gunzipSync(answer.body).length, 0);
});

test('a HEAD gets the head of a GET, without the length', async t => {
  const port = await start(t, answerWith(textOf(5_000), { etag: '"v1"' }));
  const headers = { 'accept-encoding': 'br' };
  const fieldsOf = ({ date: _, 'transfer-encoding': __, ...fields }: IncomingHttpHeaders) => fields;
  const get = await ask(port, { headers });
  const head = await ask(port, { method: 'HEAD', headers });
  assert.equal(head.status, 200);
  assert.equal(head.body.length, 0);
  assert.deepEqual(fieldsOf(head.headers), fieldsOf(get.headers));
  const short = await start(t, answerWith('short', { etag: '"v1"' }));
  assert.equal((await ask(short, { method: 'HEAD', headers })).headers['content-length'], '5');
});

test('a 304 carries the tag that its 200 had', async t => {
  const port = await start(t, (_, response) => response.writeHead(304, { etag: '"v1"' }).end());
  assert.equal((await ask(port, { headers: { 'accept-encoding': 'gzip' } })).headers.etag, 'W/"v1"');
  assert.equal((await ask(port)).headers.etag, '"v1"');
});

test('a 304 carries the Vary that its 200 has, and that of a type that is never compressed carries none', async t => {
  for (const [head, varied] of [
    [{ etag: '"v1"' }, ['Cookie', 'Accept-Encoding']],
    [{ etag: '"v1"', 'content-type': 'text/plain' }, ['Cookie', 'Accept-Encoding']],
    [{ etag: '"v1"', 'content-type': 'image/png' }, ['Cookie']],
    [{ etag: '"v1"', 'cache-control': 'no-transform' }, ['Cookie']],
  ] as const) {
    const port = await start(t, (_, response) => response.writeHead(304, { ...head, vary: 'Cookie' }).end());
    for (const accepted of ['gzip', 'identity']) {
      const answer = await ask(port, { headers: { 'accept-encoding': accepted } });
      assert.equal(answer.status, 304);
      assert.deepEqual(valuesOf(answer, 'vary'), varied);
      assert.equal(answer.headers.etag, varied.length === 2 && accepted === 'gzip' ? 'W/"v1"' : '"v1"');
    }
  }
});

test('204 has nothing to compress', async t => {
  const port = await start(t, (_, response) => response.writeHead(204, { 'content-type': 'text/plain' }).end());
  const answer = await ask(port, { headers: { 'accept-encoding': 'gzip' } });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['content-encoding'], undefined);
});

test('the upstream hears what the client accepts', async t => {
  let accepted: string | undefined;
  const port = await start(t, (request, response) => {
    accepted = request.headers['accept-encoding'] as string | undefined;
    response.end();
  });
  await ask(port, { headers: { 'accept-encoding': 'gzip;q=0.3, br' } });
  assert.equal(accepted, 'gzip;q=0.3, br');
});

test('beyond maxStreams long answers go out as they are, and every stream is given back', {
  timeout: 10_000,
}, async t => {
  const waiting: ServerResponse[] = [];
  const both = Promise.withResolvers<void>();
  const port = await start(
    t,
    (_, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).write('first');
      if (waiting.push(response) === 2) both.resolve();
    },
    { maxStreams: 1 },
  );
  const first = ask(port, { headers: { 'accept-encoding': 'gzip' } });
  await until(() => openStreams() === 1);
  const second = ask(port, { headers: { 'accept-encoding': 'gzip' } });
  await both.promise;
  for (const response of waiting) response.end(' last');
  assert.equal(gunzipSync((await first).body).toString(), 'first last');
  const plain = await second;
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(plain.body.toString(), 'first last');
  assert.equal(openStreams(), 0);
});

test('a client or an upstream that breaks off leaves no stream behind', { timeout: 10_000 }, async t => {
  for (const encoding of encodings) {
    const { events, next } = await eventStream(t, encoding);
    events.write('data: 1\n\n');
    assert.equal(await next(), 'data: 1\n\n');
    assert.equal(openStreams(), 1);
    events.destroy();
    await until(() => openStreams() === 0);
  }
  const answered = Promise.withResolvers<void>();
  const port = await start(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).write('first');
    response.on('error', () => {});
  });
  const request = httpRequest({ port, agent: false, headers: { 'accept-encoding': 'gzip' } }, response => {
    response.on('error', () => {});
    answered.resolve();
  });
  request.on('error', () => {});
  request.end();
  await answered.promise;
  assert.equal(openStreams(), 1);
  // A reset, since a normal end could come from a client that only stops sending.
  request.socket?.resetAndDestroy();
  await until(() => openStreams() === 0);
});

/** Because: the end of an exchange is visible nowhere else. Bounded by the test's own timeout. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve));
}

test('a slow reader of a large body holds the upstream back', { timeout: 20_000 }, async t => {
  let written = 0;
  let blocked = false;
  const noise = Buffer.from(Array.from({ length: 65_536 }, (_, n) => (n * 2_654_435_761) >>> 13));
  const port = await start(t, (_, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' });
    const more = () => {
      while (written < 64 * 1024 * 1024) {
        written += noise.length;
        // Because: data that compresses to almost nothing would never fill a buffer.
        for (let at = 0; at < noise.length; at += 4) noise.writeUInt32LE((Math.random() * 2 ** 32) >>> 0, at);
        if (!response.write(Buffer.from(noise))) {
          blocked = true;
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  const request = httpRequest({ port, agent: false, headers: { 'accept-encoding': 'gzip' } });
  request.on('error', () => {});
  t.after(async () => {
    request.destroy();
  });
  request.end();
  const response = await new Promise<import('node:http').IncomingMessage>(resolve => request.on('response', resolve));
  response.on('error', () => {});
  response.pause();
  let before = -1;
  // Because: no event says that bytes have stopped; they have when a tenth of a second brings none.
  while (before !== written) {
    before = written;
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  assert.ok(blocked && written < 32 * 1024 * 1024, `${written} bytes were taken`);
});

test('levels and numbers are checked', () => {
  for (const config of [
    { levels: { br: 12 } },
    { levels: { gzip: 0 } },
    { levels: { zstd: 1.5 } },
    { maxStreams: 0 },
    { encodings: [] },
    { encodings: ['gzip', 'gzip'] },
    { encodings: ['deflate'] },
    { minimum: '1k' },
  ]) {
    assert.ok(!schema.safeParse(config).success, JSON.stringify(config));
  }
  const { minimum, levels, encodings: offered } = schema.parse({});
  assert.deepEqual(
    { minimum, levels, offered },
    { minimum: 1024, levels: { zstd: 3, br: 4, gzip: 1 }, offered: ['zstd', 'br', 'gzip'] },
  );
});

test('a list of encodings that no client sends takes neither time nor memory: its client gets the body as it is', async t => {
  const body = textOf(5_000);
  const port = await start(t, answerWith(body));
  const encodingFor = async (accepted: string | string[]) =>
    (await ask(port, { headers: { 'accept-encoding': accepted } })).headers['content-encoding'];
  const many = (letters: number) => 'a,'.repeat(letters / 2);
  assert.equal(await encodingFor(`gzip,${many(1_000)}`), 'gzip');
  assert.equal(await encodingFor(`gzip,${many(1_100)}`), undefined);
  assert.equal(await encodingFor(['gzip', many(1_000)]), 'gzip');
  assert.equal(await encodingFor(['gzip', many(600), many(600)]), undefined);
});
