// The access log over reloads: one that turns it off changes nothing until the next start, and shares of single routes change at once.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { startGateway } from '../../support/gateway.ts';
import { reloadWith } from '../../support/reload-with.ts';

test('a reload to `off` changes nothing in the running log, neither its share nor what follows a later reload', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-log-off-'));
  const log = path.join(folder, 'access.log');
  const half = `accessLog: { path: ${log}, sample: 50% }`;
  const gateway = await startGateway(
    `${half}\nroutes: [{ name: all, match: { path: /* }, to: { reply: { status: 200, body: here } } }]\n`,
  );
  const ask = async (target: string) => {
    for (let n = 0; n < 4; n++) await (await fetch(`http://127.0.0.1:${gateway.port}${target}`)).text();
  };
  try {
    await ask('/before');
    await reloadWith(gateway, text => text.replace(half, 'accessLog: off'));
    await ask('/off');
    await reloadWith(gateway, text => text.replace('accessLog: off', half));
    await ask('/after');
    assert.match(gateway.stderr(), /takes effect at the next start","setting":"accessLog\.path"/);
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
  const paths = readFileSync(log, 'utf8').match(/(?<="path":")[^"]+/g);
  assert.deepEqual(paths, ['/before', '/before', '/off', '/off', '/after', '/after']);
  rmSync(folder, { recursive: true });
});

test('a route has a share of its own, and what it refuses is logged all the same', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-log-route-'));
  const log = path.join(folder, 'access.log');
  const gateway = await startGateway(
    `accessLog: { path: ${log} }
routes:
  - { name: health, match: { path: /health }, accessLog: off, to: { reply: {} } }
  - { name: half, match: { path: /half }, accessLog: { sample: 50% }, to: { reply: {} } }
  - { name: closed, match: { path: /closed }, accessLog: off, filters: [ipAccess: { deny: [127.0.0.0/8] }], to: { reply: {} } }
  - { name: all, match: { path: /* }, to: { reply: {} } }
`,
  );
  const ask = async (target: string) => {
    for (let n = 0; n < 2; n++) await (await fetch(`http://127.0.0.1:${gateway.port}${target}`)).text();
  };
  try {
    for (const target of ['/health', '/half', '/closed', '/other']) await ask(target);
    await reloadWith(gateway, text => text.replace('path: /health }, accessLog: off', 'path: /health }'));
    await ask('/health');
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
  const paths = readFileSync(log, 'utf8').match(/(?<="path":")[^"]+/g);
  assert.deepEqual(paths, ['/half', '/closed', '/closed', '/other', '/other', '/health', '/health']);
  rmSync(folder, { recursive: true });
});

test('query and headers are logged where they are asked for, from the next reload on', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-log-extras-'));
  const log = path.join(folder, 'access.log');
  const gateway = await startGateway(
    `accessLog: { path: ${log} }\nroutes: [{ name: all, match: { path: /* }, to: { reply: {} } }]\n`,
  );
  const ask = async (target: string) => {
    const headers = { Referer: 'https://a.example/"x"', 'X-Tenant': 'sch\xf6n', cookie: 'a=b' };
    await (await fetch(`http://127.0.0.1:${gateway.port}${target}`, { headers })).text();
  };
  try {
    await ask('/before?a=b');
    await reloadWith(gateway, text => text.replace(log, `${log}, query: true, headers: [Referer, x-tenant, x-none]`));
    await ask('/both?a=%22b%22&c');
    await ask('/no-query');
    await reloadWith(gateway, text => text.replace('query: true, headers: [Referer, x-tenant, x-none]', 'query: true'));
    await ask('/query?a');
  } finally {
    assert.equal(await gateway.stop(), 0);
  }
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const extras = lines.map(line => {
    const { path: at, query, headers } = JSON.parse(line);
    return [at, query, headers];
  });
  const seen = { referer: 'https://a.example/"x"', 'x-tenant': 'sch\xf6n' };
  assert.deepEqual(extras, [
    ['/before', undefined, undefined],
    ['/both', 'a=%22b%22&c', seen],
    ['/no-query', '', seen],
    ['/query', 'a', undefined],
  ]);
  rmSync(folder, { recursive: true });
});
