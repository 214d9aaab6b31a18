// Floods of TLS connections whose handshake never completes: processor time for each and memory for all, how they are counted and ended,
// and that other clients are served meanwhile.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { cpuTime, memoryBytes } from '../../../bench/measure/process-tree.ts';
import { TestAuthority } from '../../support/certificates.ts';
import { eventually, eventuallySeen } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { askTls } from '../../support/tls-client.ts';

const HANDSHAKES_MAX = 40;
const TIMEOUT_MS = 1_000;
/** Processor time for one connection. It takes a millisecond or less; the bounds allow for slow and busy machines. */
const HELLO_COST_MAX_MS = 10;
const OTHER_COST_MAX_MS = 5;
/** OpenSSL's buffers for a hundred connections, with room for other changes of the heap. */
const GROWTH_MAX_BYTES = 48 * 1024 * 1024;

const authority = new TestAuthority();
let gateway: RunningGateway;
/** Port of a listener with a long handshake timeout. */
let patientPort = 0;
let hello: Buffer;

before(async () => {
  const api = authority.issue('api', { names: ['DNS:api.test'] });
  patientPort = await freePort();
  gateway = await startGateway(
    `listeners:
  - address: 127.0.0.1:${patientPort}
    tls:
      certificates: [{ cert: ${api.cert}, key: ${api.key} }]
      handshakeTimeout: 10s
      handshakesMax: ${HANDSHAKES_MAX}
  - address: 127.0.0.1:{{port}}
    tls:
      certificates: [{ cert: ${api.cert}, key: ${api.key} }]
      handshakeTimeout: ${TIMEOUT_MS}ms
      handshakesMax: ${HANDSHAKES_MAX}
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
routes: [{ name: fixed, public: true, match: { path: /* }, to: { reply: { status: 200, body: fixed } } }]
`,
    { workers: 1 },
  );
  hello = await clientHello({ servername: 'api.test' });
  // Warm-up, because compiling code in the first handshakes is not the attack's cost.
  const before = await handshakes();
  for (let i = 0; i < 50; i++) assert.match((await askTls(gateway.port)).text, /fixed$/);
  await flood(50, hello, 1);
  await settled(before, 100);
});

after(async () => {
  await gateway.stop();
  authority.remove();
});

/** The first bytes that a TLS client of Node sends. */
async function clientHello(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  const port = await listeningPort(server);
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = tlsConnect({ host: '127.0.0.1', port, ...options });
  client.on('error', () => {});
  const [socket] = await accepted;
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

async function handshakes(): Promise<Readonly<Record<string, number>>> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  const lines = text.matchAll(/^cardea_tls_handshakes_total\{result="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, result, count]) => [result!, Number(count)]));
}

/** Differences of the counters since `before`, without those that did not change. */
async function counted(before: Readonly<Record<string, number>>): Promise<Record<string, number>> {
  const rows = Object.entries(await handshakes()).map(([name, count]) => [name, count - before[name]!] as const);
  return Object.fromEntries(rows.filter(([, count]) => count !== 0));
}

/** The same, once the sum has reached `count`. */
function settled(before: Readonly<Record<string, number>>, count: number): Promise<Record<string, number>> {
  const sum = (seen: Record<string, number>): number => Object.values(seen).reduce((all, each) => all + each, 0);
  return eventuallySeen(
    () => counted(before),
    seen => sum(seen) >= count,
    `${count} connections are counted`,
  );
}

/** A connection that sends `bytes` and nothing more. */
class Silent {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  answered = 0;
  isClosed = false;

  constructor(bytes: Buffer, port = gateway.port) {
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('error', () => {});
    this.socket.on('data', data => {
      this.answered += data.length;
    });
    this.closed = new Promise(resolve =>
      this.socket.on('close', () => {
        this.isClosed = true;
        resolve();
      }),
    );
    this.socket.write(bytes);
  }
}

/** Opens `count` connections, `atOnce` in parallel, each until it is answered or closed. Returns the ms of processor time for each. */
async function flood(count: number, bytes: Buffer, atOnce: number): Promise<number> {
  const begun = cpuTime(gateway.pid);
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const { socket, closed } = new Silent(bytes);
      await Promise.race([once(socket, 'data').catch(() => {}), closed]);
      socket.destroy();
      await closed;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  const ended = cpuTime(gateway.pid);
  return (ended.userUs + ended.systemUs - begun.userUs - begun.systemUs) / 1_000 / count;
}

test('a ClientHello and nothing more, again and again: a signature each, and no memory', async t => {
  const before = await handshakes();
  const memoryBefore = memoryBytes(gateway.pid);
  const costMs = await flood(200, hello, 8);
  const growth = memoryBytes(gateway.pid) - memoryBefore;
  t.diagnostic(`${costMs.toFixed(2)} ms of processor time each, ${(growth / 1_048_576).toFixed(1)} MiB more memory`);
  assert.ok(costMs <= HELLO_COST_MAX_MS, `${costMs} ms`);
  assert.ok(growth <= GROWTH_MAX_BYTES, `${growth} bytes`);
  assert.deepEqual(await settled(before, 200), { aborted: 200 });
});

for (const [name, bytes] of [
  ['a request in plain text', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
  ['noise', Buffer.from(Array.from({ length: 500 }, (_, at) => (at * 73 + 41) & 255))],
  ['a record of no known kind', Buffer.from([99, 3, 3, 0, 1, 0])],
  ['a record that is longer than any', Buffer.from([22, 3, 1, 255, 255, 1])],
] as const) {
  test(`${name}: closed at once, counted, and cheap`, async t => {
    const before = await handshakes();
    const costMs = await flood(200, bytes, 8);
    t.diagnostic(`${costMs.toFixed(2)} ms of processor time each`);
    assert.ok(costMs <= OTHER_COST_MAX_MS, `${costMs} ms`);
    assert.deepEqual(await settled(before, 200), { failed: 200 });
  });
}

test('ten times as many at once as may be: the rest is refused, those that wait are ended in time, and all is counted', async t => {
  const before = await handshakes();
  const memoryBefore = memoryBytes(gateway.pid);
  const begun = cpuTime(gateway.pid);
  const kept = tlsConnect({ port: gateway.port, host: '127.0.0.1', rejectUnauthorized: false, servername: 'api.test' });
  await once(kept, 'secureConnect');
  // Once the response has arrived, the handshake is over for the gateway, too.
  assert.match(await ask(kept), /fixed$/);
  const count = HANDSHAKES_MAX * 10;
  const silent = Array.from({ length: count }, (_, at) => {
    // A hello, the beginning of a hello, nothing at all.
    const said = [hello, hello.subarray(0, 50), Buffer.alloc(0)][at % 3]!;
    return new Silent(said);
  });
  let grown = 0;
  const waits = (): number => silent.filter(({ isClosed }) => !isClosed).length;
  // An established client is served as if nothing happened.
  let asked = 0;
  while (waits() > 0) {
    assert.match(await ask(kept), /fixed$/);
    asked++;
    grown = Math.max(grown, memoryBytes(gateway.pid) - memoryBefore);
  }
  const ended = cpuTime(gateway.pid);
  kept.destroy();
  const seen = await settled(before, count + 1);
  const costMs = (ended.userUs + ended.systemUs - begun.userUs - begun.systemUs) / 1_000 / count;
  t.diagnostic(`${costMs.toFixed(2)} ms each, ${(grown / 1_048_576).toFixed(1)} MiB more, ${asked} answers meanwhile`);
  t.diagnostic(JSON.stringify(seen));
  assert.equal(seen['full'], 1);
  assert.equal((seen['too_many'] ?? 0) + (seen['timeout'] ?? 0), count);
  assert.ok(seen['timeout']! > 0 && seen['too_many']! > 0, JSON.stringify(seen));
  assert.ok(grown <= GROWTH_MAX_BYTES, `${grown} bytes`);
  assert.ok(costMs <= HELLO_COST_MAX_MS, `${costMs} ms`);
});

test('where as many wait as may, those that have had a tenth of their time make room for who goes on', async t => {
  const before = await handshakes();
  const silent = Array.from({ length: HANDSHAKES_MAX }, () => new Silent(hello, patientPort));
  await eventually(() => silent.every(({ answered }) => answered > 0), 'the answers to all of them');
  let refused = 0;
  while (!/fixed$/.test((await askTls(patientPort)).text)) refused++;
  const seen = await settled(before, refused + 2);
  t.diagnostic(`refused ${refused} times; ${JSON.stringify(seen)}`);
  assert.deepEqual(seen, { full: 1, too_many: refused + 1 });
  await eventually(() => silent.filter(({ isClosed }) => isClosed).length === 1, 'the end of one of them');
  for (const { socket } of silent) socket.destroy();
});

/** One request on a connection that is kept. */
async function ask(socket: TLSSocket): Promise<string> {
  let text = '';
  const whole = new Promise<void>((resolve, reject) => {
    const take = (bytes: Buffer): void => {
      text += bytes.toString('latin1');
      if (!text.endsWith('fixed')) return;
      socket.off('data', take);
      socket.off('close', onClose);
      resolve();
    };
    const onClose = (): void => reject(new Error('the connection was closed'));
    socket.on('data', take);
    socket.on('close', onClose);
  });
  socket.write('GET / HTTP/1.1\r\nHost: api.test\r\n\r\n');
  await whole;
  return text;
}
