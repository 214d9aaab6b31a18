// slowhttptest against the running gateway: 300 slow clients are closed within the configured time, others are served meanwhile.

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { hasAnswers, readAnswers } from '../../support/answers.ts';
import { startChild } from '../../support/child.ts';
import { type RunningGateway, startGateway } from '../../support/gateway.ts';
import { sendRaw } from '../../support/raw-client.ts';

const CONNECTIONS = 300;
/** Longest that slowhttptest keeps at it: what is still open then was not closed by the gateway. */
const ATTACK_SECONDS = 14;
/** The limits below, time to open the connections, and the seconds in which slowhttptest counts. */
const CLOSED_SECONDS_MAX = 8;
const PROBE_EVERY_MS = 100;
const BIG_BYTES = 16 * 1024 * 1024;

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
  let backend: Server;
  let gateway: RunningGateway;
  before(async () => {
    const big = Buffer.alloc(BIG_BYTES, 'x');
    backend = createServer((request, response) => {
      request.on('error', () => {});
      request.resume();
      request.on('end', () => response.end(request.url === '/big' ? big : 'small'));
    });
    await new Promise<void>(resolve => backend.listen(0, '127.0.0.1', resolve));
    const address = backend.address();
    if (address === null || typeof address !== 'object') throw new Error('no port');
    gateway = await startGateway(`accessLog: { path: off }
limits: { headerTimeout: 2s, bodyTimeout: 2s, writeTimeout: 2s, keepAliveTimeout: 2s, minimumRate: 1KiB }
upstreams:
  backend: { endpoints: ["http://127.0.0.1:${address.port}"], pool: { maxConnections: 0 } }
routes:
  - { name: all, match: { path: /* }, public: true, to: backend }
`);
  });
  after(async () => {
    await gateway?.stop();
    backend?.closeAllConnections();
    backend?.close();
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
      const timer = setInterval(() => probes.push(probe().then(status => void statuses.push(status))), PROBE_EVERY_MS);
      const attack = await startChild('/usr/bin/slowhttptest', [
        ...options,
        ...['-c', String(CONNECTIONS), '-r', String(CONNECTIONS), '-l', String(ATTACK_SECONDS), '-p', '3'],
        ...['-u', `http://127.0.0.1:${gateway.port}${path}`],
      ]);
      await attack.exited;
      clearInterval(timer);
      await Promise.all(probes);
      const output = attack.stdout() + attack.stderr();
      const seconds = Number(/Test ended on (\d+)th second/.exec(output)?.[1] ?? Number.NaN);
      context.diagnostic(`closed after ${seconds} s; ${statuses.length} probes`);
      assert.match(output, /No open connections left/);
      assert.ok(seconds <= CLOSED_SECONDS_MAX, `closed after ${seconds} s`);
      // The attack lasts longer than opening its connections: it really was held for a while.
      assert.ok(seconds >= 1, `gone after ${seconds} s: nothing was slow`);
      assert.ok(statuses.length >= 10);
      assert.deepEqual(
        statuses.filter(status => status !== 200),
        [],
      );
    });
  }
});
