// Long streams and interim responses, with either protocol on either side: events are passed on as they come, silence is counted from the
// last event, and 100 and 103 reach the client before what they announce.

import assert from 'node:assert/strict';
import { createServer as createServer1, request as request1, type Server } from 'node:http';
import {
  type ClientHttp2Session,
  connect,
  constants,
  createServer as createServer2,
  type Http2Server,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { describe, test } from 'node:test';
import { type Engine, type EngineOptions, startEngine } from '../../support/engine-gateway.ts';
import { eventually } from '../../support/eventually.ts';
import { listeningPort } from '../../support/listening-port.ts';

interface TestContext {
  after(fn: () => unknown): void;
}

/** One request at the endpoint, whatever the protocol. */
interface Served {
  readonly path: string;
  readonly expect: string | undefined;
  interim(status: number, link?: string): void;
  begin(status: number): void;
  write(text: string): void;
  end(): void;
  /** Resolves with the body of the request. */
  body(): Promise<string>;
  /** Settles when the other side is gone. */
  readonly gone: Promise<unknown>;
}

type OnServed = (served: Served) => void;

async function bodyOf(source: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const piece of source) text += piece.toString();
  return text;
}

function serve1(onServed: OnServed): Server {
  const server = createServer1();
  const onRequest = (incoming: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => {
    response.on('error', () => {});
    onServed({
      path: incoming.url ?? '',
      expect: incoming.headers.expect,
      interim: (status, link = '') => (status === 100 ? response.writeContinue() : response.writeEarlyHints({ link })),
      begin: status => {
        response.writeHead(status, { 'content-type': 'text/event-stream' });
        response.flushHeaders();
      },
      write: text => response.write(text),
      end: () => response.end(),
      body: () => bodyOf(incoming),
      gone: new Promise(resolve => response.on('close', resolve)),
    });
  };
  server.on('request', onRequest);
  server.on('checkContinue', onRequest);
  return server;
}

function serve2(onServed: OnServed): Http2Server {
  const server = createServer2();
  server.on('stream', (given, headers: IncomingHttpHeaders) => {
    // Because: the streams of a server are of this type.
    const stream = given as ServerHttp2Stream;
    stream.on('error', () => {});
    onServed({
      path: headers[':path'] ?? '',
      expect: headers['expect'],
      interim: (status, link) => stream.additionalHeaders({ ':status': status, ...(link !== undefined && { link }) }),
      begin: status => stream.respond({ ':status': status, 'content-type': 'text/event-stream' }),
      write: text => stream.write(text),
      end: () => stream.end(),
      body: () => bodyOf(stream as AsyncIterable<Buffer>),
      gone: new Promise(resolve => stream.on('close', resolve)),
    });
  });
  return server;
}

/** One request of a client, whatever the protocol. */
interface Asked {
  readonly informational: number[];
  /** Resolves with the status of the response. */
  readonly status: Promise<number>;
  /** Resolves once 100 has arrived. */
  readonly told: Promise<unknown>;
  /** Called with each piece of the response. */
  onPiece: (text: string) => void;
  /** Resolves with whether the response was complete. */
  readonly over: Promise<boolean>;
  send(body: string): void;
  leave(): void;
}

function ask1(port: number, path: string, headers: Record<string, string> = {}, method = 'GET'): Asked {
  const request = request1({ host: '127.0.0.1', port, path, method, headers, agent: false });
  const informational: number[] = [];
  request.on('error', () => {});
  request.on('information', ({ statusCode }) => informational.push(statusCode));
  const told = new Promise(resolve => request.on('continue', resolve));
  let isWhole: (whole: boolean) => void;
  const over = new Promise<boolean>(resolve => {
    isWhole = resolve;
  });
  const asked: Asked = {
    informational,
    told,
    over,
    onPiece: () => {},
    status: new Promise(resolve =>
      request.on('response', response => {
        response.on('error', () => {});
        response.on('data', (piece: Buffer) => asked.onPiece(piece.toString()));
        response.on('close', () => isWhole(response.complete));
        resolve(response.statusCode!);
      }),
    ),
    send: body => request.end(body),
    leave: () => request.destroy(),
  };
  if (method === 'GET') request.end();
  else request.flushHeaders();
  return asked;
}

function ask2(session: ClientHttp2Session, path: string, headers: Record<string, string> = {}, method = 'GET'): Asked {
  const stream = session.request({ ':path': path, ':method': method, ...headers }, { endStream: method === 'GET' });
  const informational: number[] = [];
  stream.on('error', () => {});
  stream.on('headers', fields => informational.push(Number(fields[':status'])));
  const asked: Asked = {
    informational,
    told: new Promise(resolve => stream.on('continue', resolve)),
    onPiece: () => {},
    status: new Promise(resolve => stream.on('response', fields => resolve(Number(fields[':status'])))),
    over: new Promise(resolve => stream.on('close', () => resolve(stream.rstCode === 0))),
    send: body => stream.end(body),
    leave: () => stream.close(constants.NGHTTP2_CANCEL),
  };
  stream.on('data', (piece: Buffer) => asked.onPiece(piece.toString()));
  return asked;
}

interface Scene {
  readonly engine: Engine;
  ask(path: string, headers?: Record<string, string>, method?: string): Asked;
}

async function start(
  t: TestContext,
  client: string,
  endpoint: string,
  onServed: OnServed,
  options: EngineOptions = {},
): Promise<Scene> {
  const server = endpoint === 'h1' ? serve1(onServed) : serve2(onServed);
  const sessions: ServerHttp2Session[] = [];
  server.on('session', (session: ServerHttp2Session) => sessions.push(session));
  const port = await listeningPort(server);
  const engine = await startEngine([port], {
    protocols: ['h2c', 'http/1.1'],
    ...options,
    upstream: { idleTimeoutMs: 900, ...options.upstream, ...(endpoint === 'h2' && { protocol: 'h2c' }) },
  });
  t.after(async () => {
    await engine.stop();
    for (const session of sessions) session.destroy();
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  });
  if (client === 'h1') return { engine, ask: (...what) => ask1(engine.port, ...what) };
  const session = connect(`http://127.0.0.1:${engine.port}`);
  session.on('error', () => {});
  t.after(() => session.destroy());
  return { engine, ask: (...what) => ask2(session, ...what) };
}

const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms));

for (const client of ['h1', 'h2']) {
  for (const endpoint of ['h1', 'h2']) {
    describe(`${client} to ${endpoint}`, () => {
      test('each event arrives before the next is written', async t => {
        const arrived: string[] = [];
        let hear: () => void = () => {};
        const { ask } = await start(t, client, endpoint, served => {
          served.begin(200);
          void (async () => {
            for (let i = 0; i < 50; i++) {
              const heard = new Promise<void>(resolve => {
                hear = resolve;
              });
              served.write(`data: ${i}\n\n`);
              // If an event were held back anywhere, this would wait for ever.
              await heard;
            }
            served.end();
          })();
        });
        const asked = ask('/events');
        asked.onPiece = text => {
          arrived.push(text);
          hear();
        };
        assert.equal(await asked.status, 200);
        assert.equal(await asked.over, true);
        assert.deepEqual(
          arrived,
          Array.from({ length: 50 }, (_, i) => `data: ${i}\n\n`),
        );
      });

      test('a head without a body yet arrives at once', async t => {
        let end: () => void = () => {};
        const { ask } = await start(t, client, endpoint, served => {
          served.begin(200);
          end = () => served.end();
        });
        const asked = ask('/events');
        assert.equal(await asked.status, 200);
        end();
        assert.equal(await asked.over, true);
      });

      test('quiet counts from the last event: a long stream lives, a silent one is cut and looks cut', async t => {
        const { ask, engine } = await start(t, client, endpoint, served => {
          served.begin(200);
          void (async () => {
            for (let i = 0; i < 6; i++) {
              served.write('data: x\n\n');
              await pause(180);
            }
            if (served.path === '/ends') served.end();
          })();
        });
        const [lives, silent] = [ask('/ends'), ask('/silent')];
        let events = 0;
        let lastAt = 0;
        lives.onPiece = () => {
          events++;
        };
        silent.onPiece = () => {
          lastAt = performance.now();
        };
        assert.equal(await lives.over, true);
        assert.equal(events, 6);
        assert.equal(await silent.over, false);
        const quietMs = performance.now() - lastAt;
        assert.ok(quietMs >= 850 && quietMs < 5_000, `cut after ${quietMs} ms`);
        assert.equal(engine.refusals('upstream_idle_timeout'), 1);
      });

      test('no time or rate that a client is held to ends a stream of few events, whose pace is not its own', async t => {
        const { ask, engine } = await start(
          t,
          client,
          endpoint,
          served => {
            served.begin(200);
            void (async () => {
              for (let i = 0; i < 4; i++) {
                served.write('data: x\n\n');
                await pause(700);
              }
              served.end();
            })();
          },
          {
            limits: {
              headerTimeoutMs: 200,
              bodyTimeoutMs: 200,
              writeTimeoutMs: 200,
              keepAliveTimeoutMs: 200,
              minimumRateBytesPerSecond: 100_000,
            },
            http2: { pingIntervalMs: 200 },
            pool: { idleTimeoutMs: 200 },
            upstream: { idleTimeoutMs: 5_000 },
          },
        );
        const asked = ask('/events');
        let events = 0;
        asked.onPiece = () => {
          events++;
        };
        assert.equal(await asked.over, true);
        assert.equal(events, 4);
        await eventually(() => engine.gateway.inFlight === 0, 'the end of the exchange');
        assert.deepEqual(
          (await engine.accessLines()).map(({ status, code }) => [status, code]),
          [[200, null]],
        );
      });

      test('a client that leaves a stream is told to the endpoint', async t => {
        let gone: Promise<unknown> = Promise.resolve();
        const { ask, engine } = await start(t, client, endpoint, served => {
          served.begin(200);
          served.write('data: x\n\n');
          // An HTTP/1.1 client that ends its side may still read; only the next event shows that it does not.
          const timer = setInterval(() => served.write('data: x\n\n'), 20);
          gone = served.gone.then(() => clearInterval(timer));
        });
        const asked = ask('/events');
        await new Promise<void>(resolve => {
          asked.onPiece = () => resolve();
        });
        asked.leave();
        await gone;
        assert.equal(engine.gateway.inFlight, 0);
        assert.equal(engine.refusals('upstream_idle_timeout'), 0);
      });

      test('103 arrives before the answer is there', async t => {
        let answer: () => void = () => {};
        const { ask } = await start(t, client, endpoint, served => {
          served.interim(103, '</a.css>; rel=preload');
          answer = () => {
            served.begin(200);
            served.end();
          };
        });
        const asked = ask('/page');
        while (asked.informational.length === 0) await pause(5);
        answer();
        assert.equal(await asked.status, 200);
        assert.deepEqual(asked.informational, [103]);
      });

      test('a client that expects 100 sends its body when the endpoint says so', async t => {
        const { ask } = await start(t, client, endpoint, served => {
          void (async () => {
            assert.equal(served.expect, '100-continue');
            served.interim(100);
            const body = await served.body();
            served.begin(200);
            served.write(body);
            served.end();
          })();
        });
        const asked = ask('/upload', { expect: '100-continue', 'content-length': '5' }, 'POST');
        let text = '';
        asked.onPiece = piece => {
          text += piece;
        };
        await asked.told;
        asked.send('hello');
        assert.equal(await asked.status, 200);
        assert.equal(await asked.over, true);
        assert.equal(text, 'hello');
      });

      test('a client that expects 100 is told to keep its body', async t => {
        const { ask } = await start(t, client, endpoint, served => {
          served.begin(413);
          served.end();
        });
        const asked = ask('/upload', { expect: '100-continue', 'content-length': '5' }, 'POST');
        let told = false;
        void asked.told.then(() => {
          told = true;
        });
        assert.equal(await asked.status, 413);
        assert.equal(told, false);
      });
    });
  }
}
