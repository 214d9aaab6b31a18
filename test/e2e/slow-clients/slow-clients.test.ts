// slowhttptest against the running gateway: 300 slow clients are closed within the configured time, others are served meanwhile.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { hasAnswers, readAnswers } from '../../support/answers.ts';
import type { Backend } from '../../support/backend.ts';
import { startChild } from '../../support/child.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { startNginx } from '../../support/nginx.ts';
import { startNodeBackend } from '../../support/node-backend.ts';
import { sendRaw } from '../../support/raw-client.ts';

const CONNECTIONS = 300;
/** How long slowhttptest keeps at it; it is stopped earlier once all its connections are gone. */
const ATTACK_SECONDS = 20;
/** The limits below (2 s), as much again for what the kernel took at first, time to connect, and a busy machine. */
const CLOSED_MS_MAX = 9_000;
/** Probes under way beside the attack. */
const OTHERS_MAX = 5;
const PROBE_EVERY_MS = 100;
const BIG_BYTES = 8 * 1024 * 1024;

interface Attack {
  readonly name: string;
  readonly path: string;
  readonly options: readonly string[];
}

const attacks: readonly Attack[] = [
  { name: 'slow head: a line a second', path: '/small', options: ['-H', '-i', '1'] },
  { name: 'slow body: a piece now and then', path: '/small', options: ['-B', '-i', '10', '-s', '8192'] },
  { name: 'slow body: a few bytes a second', path: '/small', options: ['-B', '-i', '1', '-s', '8192', '-x', '8'] },
  {
    name: 'slow read: a window of a few bytes',
    path: '/big',
    options: ['-X', '-w', '10', '-y', '20', '-n', '5', '-z', '16'],
  },
];

describe('slow clients', () => {
  let big: Backend;
  // Unlike nginx, it answers only when it has the whole body: a slow one is then the gateway's to end.
  let small: Backend;
  let gateway: RunningGateway;
  before(async () => {
    big = await startNginx(BIG_BYTES);
    small = await startNodeBackend();
    gateway = await startGateway(`accessLog: { path: off }
limits: { headerTimeout: 2s, bodyTimeout: 2s, writeTimeout: 2s, keepAliveTimeout: 2s, minimumRate: 1KiB }
upstreams:
  big: { endpoints: ["http://127.0.0.1:${big.port}"], pool: { maxConnections: 0 } }
  small: { endpoints: ["http://127.0.0.1:${small.port}"], pool: { maxConnections: 0 } }
routes:
  - { name: big, match: { path: /big }, public: true, to: big }
  - { name: small, match: { path: /small }, public: true, to: small }
`);
  });
  after(async () => {
    await gateway?.stop();
    await big?.stop();
    await small?.stop();
  });

  async function probe(): Promise<number> {
    const { received } = await sendRaw(gateway.port, ['GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'], {
      enough: hasAnswers(1),
      quietMs: 0,
    });
    return readAnswers(received)[0]?.status ?? 0;
  }

  for (const { name, path, options } of attacks) {
    test(name, async context => {
      const statuses: number[] = [];
      const probes: Promise<void>[] = [];
      const startedAt = performance.now();
      let mostOpen = 0;
      let closedAt = 0;
      const attack = await startChild('/usr/bin/slowhttptest', [
        ...options,
        ...['-c', String(CONNECTIONS), '-r', String(CONNECTIONS), '-l', String(ATTACK_SECONDS), '-p', '3'],
        ...['-u', `http://127.0.0.1:${gateway.port}${path}`],
      ]);
      try {
        while (closedAt === 0 && performance.now() - startedAt < CLOSED_MS_MAX + 2_000) {
          probes.push(probe().then(status => void statuses.push(status)));
          await delay(PROBE_EVERY_MS);
          const open = openConnections(gateway.port);
          mostOpen = Math.max(mostOpen, open);
          if (mostOpen >= CONNECTIONS * 0.9 && open <= OTHERS_MAX) closedAt = performance.now();
        }
      } finally {
        await attack.stop();
        await Promise.all(probes);
      }
      context.diagnostic(
        `${mostOpen} at once, closed after ${Math.round(closedAt - startedAt)} ms; ${statuses.length} probes`,
      );
      assert.ok(mostOpen >= CONNECTIONS * 0.9, `only ${mostOpen} slow connections at once: ${attack.stdout()}`);
      assert.ok(closedAt !== 0 && closedAt - startedAt <= CLOSED_MS_MAX, `${openConnections(gateway.port)} still open`);
      assert.ok(statuses.length >= 10);
      assert.deepEqual(
        statuses.filter(status => status !== 200),
        [],
      );
    });
  }
});

/**
 * Connections that the gateway's side of the kernel still holds, those given up with unsent bytes included (FIN-WAIT-1):
 * they cost memory as any other, and the client does not know that they are over.
 */
function openConnections(port: number): number {
  const held = new Set(['01', '04', '08', '09', '0B']);
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return lines.filter(line => {
    const [, local, , state] = line.trim().split(/\s+/);
    return local!.endsWith(suffix) && held.has(state!);
  }).length;
}
