// SIGTERM to the real command: requests in progress finish, no new ones are accepted, the exit code is 0.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startChild, untilAccepting } from '../../support/child.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';

let held: ServerResponse[] = [];
let arrived = () => {};
const backend = createServer((_request, response) => {
  held.push(response);
  arrived();
});
let backendPort = 0;
before(async () => {
  backendPort = await listeningPort(backend);
});
beforeEach(() => {
  held = [];
});
after(() => {
  backend.close();
  backend.closeAllConnections();
});

function start(drainTimeout: string): Promise<RunningGateway> {
  return startGateway(
    [
      'accessLog: { path: stdout }',
      `drainTimeout: ${drainTimeout}`,
      `upstreams: { backend: { endpoints: ["http://127.0.0.1:${backendPort}"] } }`,
      'routes: [{ name: all, match: { path: /* }, to: backend }]',
      '',
    ].join('\n'),
    { workers: 2 },
  );
}

/** A request that the backend has received and not answered; `answer` settles when the request ends. */
async function underWay(gateway: RunningGateway): Promise<{ answer: Promise<Response> }> {
  const atBackend = new Promise<void>(resolve => {
    arrived = resolve;
  });
  const answer = fetch(`http://127.0.0.1:${gateway.port}/slow`);
  answer.catch(() => {}); // Because: a test looks at the failure later than it occurs.
  await atBackend;
  return { answer };
}

async function readiness(gateway: RunningGateway): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`);
  return `${response.status} ${await response.text()}`;
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

// SIGQUIT is what nginx's operators and images send for a drain.
for (const signal of ['SIGTERM', 'SIGQUIT'] as const) {
  test(`${signal}: a request under way finishes, with Connection: close, and is logged`, async () => {
    const gateway = await start('20s');
    const { answer } = await underWay(gateway);
    process.kill(gateway.pid, signal);
    await eventually(async () => !(await accepts(gateway.port)), 'it drains');
    assert.match(await readiness(gateway), /^503 .*draining/s);
    held[0]!.end('finished');
    const response = await answer;
    assert.equal(response.headers.get('connection'), 'close');
    assert.equal(await response.text(), 'finished');
    assert.equal(await gateway.exited, 0);
    assert.match(gateway.stdout(), /"path":"\/slow"/);
    await gateway.stop();
  });
}

test('what takes longer than drainTimeout is cut, and the exit code is 0 all the same', async () => {
  const gateway = await start('500ms');
  const { answer } = await underWay(gateway);
  const began = performance.now();
  process.kill(gateway.pid, 'SIGTERM');
  await assert.rejects(answer);
  assert.equal(await gateway.exited, 0);
  const took = performance.now() - began;
  assert.ok(took >= 450 && took < 5_000, `${took} ms`);
  await gateway.stop();
});

test('a second signal hurries', async () => {
  const gateway = await start('60s');
  const socket = connect(gateway.port, '127.0.0.1');
  await once(socket, 'connect');
  const atBackend = new Promise<void>(resolve => {
    arrived = resolve;
  });
  socket.on('error', () => {});
  socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
  await atBackend;
  process.kill(gateway.pid, 'SIGTERM');
  await eventually(async () => !(await accepts(gateway.port)), 'it drains');
  const began = performance.now();
  process.kill(gateway.pid, 'SIGINT');
  assert.equal(await gateway.exited, 0);
  assert.ok(performance.now() - began < 5_000);
  socket.destroy();
  await gateway.stop();
});

test('with nothing under way it ends at once', async () => {
  const gateway = await start('60s');
  const began = performance.now();
  assert.equal(await gateway.stop(), 0);
  assert.ok(performance.now() - began < 3_000);
});

test('told to leave before it serves, it leaves at once and complains of nothing', async t => {
  const directory = await mkdtemp(path.join(tmpdir(), 'cardea-test-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = path.join(directory, 'gateway.yaml');
  const adminPort = await freePort();
  await writeFile(
    file,
    `listeners: [{ address: 127.0.0.1:0 }]\nadmin: { address: 127.0.0.1:${adminPort} }\nroutes: [{ name: all, match: { path: /* }, to: { reply: { status: 204 } } }]\n`,
  );
  const gateway = await startChild(path.resolve(import.meta.dirname, '../../../bin/cardea'), [
    'run',
    '-c',
    file,
    '--workers',
    '2',
  ]);
  await untilAccepting(gateway, adminPort); // the admin port opens before the workers get their configuration
  process.kill(gateway.pid, 'SIGTERM');
  assert.equal(await gateway.exited, 0, gateway.stderr());
  assert.doesNotMatch(gateway.stderr(), /died|not started|Error/);
  assert.equal(await accepts(adminPort), false);
});

test('what drainTimeout cuts has its line in the access log', async () => {
  const gateway = await start('300ms');
  const { answer } = await underWay(gateway);
  const cut = assert.rejects(answer);
  assert.equal(await gateway.stop(), 0);
  await cut;
  const lines = gateway.stdout().trim().split('\n');
  assert.equal(lines.length, 1);
  const { status, code } = JSON.parse(lines[0]!);
  assert.deepEqual([status, code], [503, 'drain_timeout']);
});

test('a worker that hangs does not hold up the end', { timeout: 60_000 }, async () => {
  const gateway = await startGateway(
    'drainTimeout: 30s\nroutes: [{ name: all, match: { path: /* }, to: { reply: { status: 204 } } }]\n',
    { workers: 1, environment: { CARDEA_TEST_CRASH: 'hang' } },
  );
  const killed = setTimeout(() => process.kill(gateway.pid, 'SIGKILL'), 20_000);
  process.kill(gateway.pid, 'SIGUSR2');
  // The worker hangs after it has answered; a request without a response shows that it does.
  const url = `http://127.0.0.1:${gateway.port}/`;
  while (
    await fetch(url, { signal: AbortSignal.timeout(500) }).then(
      () => true,
      () => false,
    )
  )
    await delay(10);
  process.kill(gateway.pid, 'SIGTERM');
  assert.equal(await gateway.exited, 0);
  clearTimeout(killed);
  await gateway.stop();
});
