// Shedding through the real command: by requests in progress and by a late event loop, lowest priorities first, never for admin.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { totalmem } from 'node:os';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/eventually.ts';
import { startGateway } from '../../support/gateway.ts';
import { listeningPort } from '../../support/listening-port.ts';
import { startLoad } from '../../support/steady-load.ts';

async function ask(port: number, path: string): Promise<{ status: number; body: string; retryAfter: string | null }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  return { status: response.status, body: await response.text(), retryAfter: response.headers.get('retry-after') };
}

describe('shedding', { concurrency: true }, () => {
  test('by requests under way on all workers: each priority has its room', async t => {
    const held: ServerResponse[] = [];
    const backend = createServer((_request, response) => held.push(response));
    const port = await listeningPort(backend);
    t.after(() => {
      backend.closeAllConnections();
      backend.close();
    });
    const gateway = await startGateway(
      `shedding: { inFlight: 20, eventLoopDelay: 0s, memory: 0% }\nupstreams:\n  a: { endpoints: [http://127.0.0.1:${port}] }\nroutes:\n` +
        '  - { name: low, match: { path: /low }, to: a, priority: 0 }\n' +
        '  - { name: usual, match: { path: /usual }, to: a }\n' +
        '  - { name: high, match: { path: /high }, to: a, priority: 9 }\n',
      { workers: 2 },
    );
    t.after(() => gateway.stop());
    const waiting: Promise<{ status: number }>[] = [];
    const fill = async (path: string, count: number) => {
      const before = held.length;
      for (let i = 0; i < count; i++) waiting.push(ask(gateway.port, path));
      const end = performance.now() + 5_000;
      while (held.length < before + count) {
        assert.ok(performance.now() < end, `${held.length} of ${before + count} at the backend`);
        await delay(5);
      }
    };
    await fill('/low', 11);
    const low = await ask(gateway.port, '/low');
    assert.deepEqual([low.status, low.retryAfter], [503, '2']);
    assert.match(low.body, /"code":"overloaded"/);
    await fill('/usual', 5);
    assert.equal((await ask(gateway.port, '/usual')).status, 503);
    await fill('/high', 4);
    assert.equal((await ask(gateway.port, '/high')).status, 503);
    const ready = await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`);
    assert.equal(ready.status, 200);
    for (const response of held.splice(0)) response.end();
    assert.deepEqual(new Set((await Promise.all(waiting)).map(({ status }) => status)), new Set([200]));
    const again = ask(gateway.port, '/low');
    await eventually(() => held.length > 0, 'it is under way');
    held[0]!.end();
    assert.equal((await again).status, 200);
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
    assert.match(metrics, /cardea_refusals_total\{code="overloaded"\} 3/);
  });

  test('by a late event loop: the low priority pays, the high one is served, admin answers', async t => {
    const gateway = await startGateway(
      'shedding: { eventLoopDelay: 1ms }\nroutes:\n' +
        '  - { name: low, match: { path: /low }, to: { reply: { status: 200, body: low } }, priority: 1 }\n' +
        '  - { name: high, match: { path: /high }, to: { reply: { status: 200, body: high } }, priority: 9 }\n',
    );
    t.after(() => gateway.stop());
    const low = startLoad(gateway.port, '/low', { connections: 200 });
    const high = startLoad(gateway.port, '/high', { connections: 4 });
    const answers: number[] = [];
    const end = performance.now() + 10_000;
    while (!/sheds load/.test(gateway.stderr())) {
      assert.ok(performance.now() < end, 'it never sheds');
      const began = performance.now();
      assert.equal((await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`)).status, 200);
      answers.push(performance.now() - began);
      await delay(50);
    }
    await delay(500);
    const [lows, highs] = await Promise.all([low.stop(), high.stop()]);
    const refused = (statuses: ReadonlyMap<number, number>) => statuses.get(503) ?? 0;
    assert.ok(refused(lows.statuses) > 0);
    const share = (each: typeof lows) => refused(each.statuses) / each.answered;
    t.diagnostic(
      `refused: low ${refused(lows.statuses)} of ${lows.answered}, high ${refused(highs.statuses)} of ${highs.answered}`,
    );
    assert.ok(share(highs) < share(lows) / 2, `${share(highs)} ${share(lows)}`);
    assert.ok(Math.max(...answers) < 2_000, String(Math.max(...answers)));
    assert.match(gateway.stderr(), /event loop delay/);
    assert.deepEqual([...lows.failures, ...highs.failures], []);
  });

  test('by memory: the low priority pays, and nobody any more once there is room', async t => {
    // A limit that the gateway exceeds before it serves any request, on every machine.
    const taken = (0.6 * 100 * 1024 ** 2) / totalmem();
    const gateway = await startGateway(
      `shedding: { eventLoopDelay: 0s, memory: ${Math.max(0.01, 100 * taken).toFixed(2)}% }\nroutes:\n` +
        '  - { name: low, match: { path: /low }, to: { reply: { status: 200, body: low } }, priority: 1 }\n' +
        '  - { name: high, match: { path: /high }, to: { reply: { status: 200, body: high } }, priority: 9 }\n',
    );
    t.after(() => gateway.stop());
    const low = startLoad(gateway.port, '/low', { connections: 8 });
    const high = startLoad(gateway.port, '/high', { connections: 2 });
    const end = performance.now() + 10_000;
    while (!/sheds load: memory/.test(gateway.stderr())) {
      assert.ok(performance.now() < end, `it never sheds: ${gateway.stderr()}`);
      await delay(20);
    }
    await delay(500);
    assert.equal((await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`)).status, 200);
    const [lows, highs] = await Promise.all([low.stop(), high.stop()]);
    const share = ({ statuses, answered }: typeof lows) => (statuses.get(503) ?? 0) / answered;
    t.diagnostic(`refused: low ${(100 * share(lows)).toFixed(0)} %, high ${(100 * share(highs)).toFixed(0)} %`);
    assert.ok(share(lows) > 0 && share(highs) < share(lows), `${share(highs)} ${share(lows)}`);
    assert.deepEqual([...lows.failures, ...highs.failures], []);

    writeFileSync(
      gateway.configPath,
      readFileSync(gateway.configPath, 'utf8').replace(/memory: [\d.]+%/, 'memory: 95%'),
    );
    process.kill(gateway.pid, 'SIGHUP');
    while (!/sheds no load any more/.test(gateway.stderr())) {
      assert.ok(performance.now() < end + 15_000, 'it goes on for ever');
      await delay(50);
    }
    for (let n = 0; n < 20; n++) assert.equal((await ask(gateway.port, '/low')).status, 200);
  });
});
