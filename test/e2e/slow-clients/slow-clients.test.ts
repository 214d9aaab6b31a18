// slowhttptest against the running gateway: hundreds of slow clients are closed within the configured time, others are served meanwhile.

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
/** How long slowhttptest attacks; it is stopped earlier once all its connections are gone. */
const ATTACK_SECONDS = 40;
/**
 * How long one connection may live: the limits below (2 s), the same again for what the kernel took at first, and a busy
 * machine. Applies to each connection, not to the attack: on such a machine the last begin when the first are over.
 */
const LIFE_MS_MAX = 15_000;
/** A connection that lives at least this long is one of the slow ones; shorter ones are probes. */
const SLOW_MS_MIN = 1_600;
/** Share of the attack's connections that must be seen living long: a test that gets no processor time misses some. */
const SEEN_MIN = 0.5;
/** After this time all attackers have connected, so that missing ones were closed. */
const ATTACK_MS_MIN = 3_000;
/** Probes that may be open beside the attack. */
const OTHERS_MAX = 5;
const PROBE_EVERY_MS = 100;
const BIG_BYTES = 8 * 1024 * 1024;

interface Attack {
  readonly name: string;
  readonly path: string;
  readonly options: readonly string[];
  readonly connections: number;
}

const attacks: readonly Attack[] = [
  { name: 'slow head: a line a second', path: '/small', options: ['-H', '-i', '1'], connections: CONNECTIONS },
  {
    name: 'slow body: a piece now and then',
    path: '/small',
    options: ['-B', '-i', '10', '-s', '8192'],
    connections: CONNECTIONS,
  },
  {
    name: 'slow body: a few bytes a second',
    path: '/small',
    options: ['-B', '-i', '1', '-s', '8192', '-x', '8'],
    connections: CONNECTIONS,
  },
  {
    name: 'slow read: a window of a few bytes',
    path: '/big',
    options: ['-X', '-w', '10', '-y', '20', '-n', '5', '-z', '16'],
    // The kernel takes 1.7 MB for each at first: more connections would only measure the machine.
    connections: 80,
  },
];

describe('slow clients', () => {
  let big: Backend;
  // Unlike nginx, this backend answers only after the whole body: the gateway has to end a slow one.
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
      timeoutMs: 10_000,
    });
    return readAnswers(received)[0]?.status ?? 0;
  }

  for (const { name, path, options, connections } of attacks) {
    test(name, async context => {
      const statuses: number[] = [];
      const probes: Promise<void>[] = [];
      const startedAt = performance.now();
      const lives = new Map<string, { readonly first: number; last: number }>();
      const slow = (): number[] =>
        [...lives.values()].map(({ first, last }) => last - first).filter(ms => ms >= SLOW_MS_MIN);
      let closed = false;
      const attack = await startChild('/usr/bin/slowhttptest', [
        ...options,
        ...['-c', String(connections), '-r', String(connections), '-l', String(ATTACK_SECONDS), '-p', '3'],
        ...['-u', `http://127.0.0.1:${gateway.port}${path}`],
      ]);
      try {
        while (!closed && performance.now() - startedAt < ATTACK_SECONDS * 1_000) {
          probes.push(probe().then(status => void statuses.push(status)));
          await delay(PROBE_EVERY_MS);
          const open = openConnections(gateway.port);
          const now = performance.now();
          for (const remote of open) {
            const life = lives.get(remote);
            if (life === undefined) lives.set(remote, { first: now, last: now });
            else life.last = now;
          }
          closed =
            now - startedAt > ATTACK_MS_MIN && open.length <= OTHERS_MAX && slow().length >= connections * SEEN_MIN;
        }
      } finally {
        await attack.stop();
        await Promise.all(probes);
      }
      const longest = Math.max(...slow());
      context.diagnostic(
        `${slow().length} slow ones, ${Math.round(longest)} ms at the most; ${statuses.length} probes`,
      );
      assert.ok(slow().length >= connections * SEEN_MIN, `only ${slow().length} slow connections: ${attack.stdout()}`);
      assert.ok(closed, `${openConnections(gateway.port).length} still open`);
      assert.ok(longest <= LIFE_MS_MAX, `one was open for ${longest} ms`);
      assert.ok(statuses.length >= 10);
      assert.deepEqual(
        statuses.filter(status => status !== 200),
        [],
      );
    });
  }
});

/**
 * Remote addresses of connections that the gateway's side of the kernel still holds, including those closed with unsent bytes (FIN-WAIT-1):
 * they cost memory like any other, and the client does not know that they are over.
 */
function openConnections(port: number): string[] {
  const held = new Set(['01', '04', '08', '09', '0B']);
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  return lines.flatMap(line => {
    const [, local, remote, state] = line.trim().split(/\s+/);
    return local!.endsWith(suffix) && held.has(state!) ? [remote!] : [];
  });
}
