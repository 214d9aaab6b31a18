// Endpoints that are Unix sockets: listed and from a file, in both protocols, with checks, and gone.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createH2cServer } from 'node:http2';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { AdminUpstreams } from '../../../src/control/admin-view.ts';
import { eventually, eventuallySeen } from '../../support/eventually.ts';
import { ask } from '../../support/filter-gateway.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'cardea-unix-'));
const socketAt = (name: string) => path.join(folder, name);
const hosts: (string | undefined)[] = [];
const checked: IncomingHttpHeaders[] = [];

const h1 = createServer((request, response) => {
  if (request.url === '/healthz') checked.push(request.headers);
  else hosts.push(request.headers.host);
  request.pipe(response);
});
const h2 = createH2cServer((request, response) => {
  if (request.url !== '/') hosts.push(request.authority);
  request.pipe(response);
});

let gateway: RunningGateway;
before(async () => {
  h1.listen(socketAt('h1 é.sock'));
  h2.listen(socketAt('h2.sock'));
  await Promise.all([once(h1, 'listening'), once(h2, 'listening')]);
  const endpoints = path.join(folder, 'endpoints.yaml');
  writeFileSync(endpoints, `endpoints: ["unix:${socketAt('h1 é.sock')}"]\n`);
  gateway = await startGateway(`accessLog: { path: stdout }
upstreams:
  plain: { endpoints: ["unix:${socketAt('h1 é.sock')}"] }
  own: { endpoints: ["unix:${socketAt('h1 é.sock')}"], host: endpoint, healthCheck: { path: /healthz, interval: 100ms, timeout: 100ms } }
  tcp: { endpoints: ["unix:${socketAt('h1 é.sock')}"], healthCheck: { type: tcp, interval: 100ms, timeout: 100ms } }
  h2c: { endpoints: ["unix:${socketAt('h2.sock')}"], protocol: h2c, host: endpoint, healthCheck: { path: /, interval: 100ms, timeout: 100ms } }
  found: { discover: { file: "${endpoints}" } }
  gone: { endpoints: ["unix:${socketAt('gone.sock')}"] }
  either: { endpoints: ["unix:${socketAt('gone.sock')}", "unix:${socketAt('h1 é.sock')}"], balance: roundRobin }
routes:
${['plain', 'own', 'tcp', 'h2c', 'found', 'gone', 'either'].map(name => `  - { name: ${name}, public: true, match: { path: /${name} }, to: ${name} }`).join('\n')}
`);
});
after(async () => {
  await gateway.stop();
  h1.closeAllConnections();
  h1.close();
  h2.close();
  rmSync(folder, { recursive: true });
});

const body = 'x'.repeat(300_000);
async function echoed(name: string): Promise<string | undefined> {
  const asked = { method: 'POST', path: `/${name}`, headers: { host: 'client.example' }, body };
  const answer = await ask(gateway.port, asked);
  assert.equal(answer.status, 200, answer.body.toString().slice(0, 300));
  assert.equal(answer.body.length, body.length);
  return hosts.at(-1);
}

test('requests and large bodies pass, with the client’s host or `localhost`', async () => {
  for (const name of ['plain', 'plain', 'tcp', 'found']) assert.equal(await echoed(name), 'client.example', name);
  for (const name of ['own', 'h2c', 'h2c']) assert.equal(await echoed(name), 'localhost', name);
});

test('health checks ask over the socket', async () => {
  await eventually(() => checked.length > 0, 'a check');
  assert.equal(checked[0]!.host, 'localhost');
  const url = `http://127.0.0.1:${gateway.adminPort}/upstreams`;
  const states = await eventuallySeen(
    async () => {
      // Because: this is what the admin endpoint gives.
      const { upstreams } = (await (await fetch(url)).json()) as AdminUpstreams;
      return upstreams.filter(({ name }) => ['own', 'tcp', 'h2c'].includes(name)).map(each => each.endpoints[0]!.state);
    },
    seen => seen.every(state => state === 'healthy'),
    'all are healthy',
  );
  assert.equal(states.length, 3);
});

test('a socket that is not there is told at the start and in the log, and another endpoint takes its requests', async () => {
  assert.match(gateway.stderr(), /endpoint cannot be reached.*gone\.sock.*ENOENT/);
  const refused = await ask(gateway.port, { path: '/gone' });
  assert.equal(refused.status, 503);
  assert.doesNotMatch(refused.body.toString(), /gone\.sock/);
  for (let n = 0; n < 4; n++) await echoed('either');
  await eventually(() => gateway.stdout().includes('"endpoint":"unix:'), 'the lines of the log');
});
