// Third-party HTTP/2 clients against the gateway as it is run: curl and nghttp in plain text, h2load with many streams,
// node:http2; and HTTP/1.1 beside them on the same port.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

const run = promisify(execFile);
const large = Buffer.alloc(300_000, 'l').toString();

const backend = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', chunk => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString('latin1');
    if (request.url === '/large') response.end(large);
    else response.end(`${request.method} ${request.url} ${request.headers['x-a'] ?? ''} ${body}`);
  });
});
let gateway: RunningGateway;
let origin: string;

before(async () => {
  const port = await listeningPort(backend);
  gateway = await startGateway(`listeners: [{ address: "127.0.0.1:{{port}}", protocols: [h2c, http/1.1] }]
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
upstreams: { backend: { endpoints: ["http://127.0.0.1:${port}"] } }
routes: [{ name: all, match: { path: /* }, public: true, to: backend }]
`);
  origin = `http://127.0.0.1:${gateway.port}`;
});

after(async () => {
  await gateway?.stop();
  backend.close();
  backend.closeAllConnections();
});

describe('curl', () => {
  const curl = async (...args: string[]): Promise<string> =>
    (await run('curl', ['-sS', '--max-time', '5', '--http2-prior-knowledge', ...args], { maxBuffer: 1e7 })).stdout;

  test('GET, POST, HEAD, a large answer', async () => {
    assert.equal(await curl('-H', 'X-A: b', `${origin}/a?b=c`), 'GET /a?b=c b ');
    assert.equal(await curl('-d', 'some body', `${origin}/p`), 'POST /p  some body');
    assert.match(await curl('-I', `${origin}/h`), /^HTTP\/2 200 \r\n/);
    assert.equal(await curl(`${origin}/large`), large);
  });

  test('HTTP/1.1 on the same port', async () => {
    assert.equal((await run('curl', ['-sS', '--max-time', '5', '--http1.1', `${origin}/one`])).stdout, 'GET /one  ');
  });
});

test('nghttp reads several answers over one connection', async () => {
  const { stdout } = await run('nghttp', ['-t', '5', '-s', '-n', `${origin}/a`, `${origin}/large`, `${origin}/b`]);
  assert.match(stdout, / 200 .*\/large/);
  assert.equal(stdout.match(/ 200 /g)?.length, 3);
});

test('h2load: 4 connections of 50 streams, none of 4,000 requests fails', async () => {
  const { stdout } = await run('h2load', ['-c', '4', '-m', '50', '-n', '4000', `${origin}/load`]);
  assert.match(stdout, /status codes: 4000 2xx, 0 3xx, 0 4xx, 0 5xx/);
  assert.match(stdout, /4000 succeeded, 0 failed, 0 errored, 0 timeout/);
});

test('node:http2: uploads and downloads side by side', async () => {
  const session = connect(origin);
  const answers = await Promise.all(
    Array.from({ length: 60 }, async (_, at) => {
      const stream = session.request({ ':method': 'POST', ':path': at % 2 === 0 ? '/large' : `/n/${at}` });
      stream.end(`body ${at}`);
      let body = '';
      for await (const piece of stream) body += String(piece);
      return body;
    }),
  );
  answers.forEach((body, at) => {
    assert.equal(body, at % 2 === 0 ? large : `POST /n/${at}  body ${at}`);
  });
  session.close();
});
