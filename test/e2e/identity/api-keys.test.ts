// API keys as operators handle them: added and revoked by `cardea keys` while the gateway runs with two workers, in each kind of store.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { startGateway } from '../../support/gateway.ts';
import { metric } from '../../support/metric.ts';
import { startPostgres } from '../../support/postgres.ts';
import { startRedis } from '../../support/redis.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const folder = mkdtempSync(path.join(tmpdir(), 'cardea-keys-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function cardea(args: readonly string[], input = ''): Promise<Said> {
  return new Promise(resolve => {
    const child = execFile(path.join(root, 'bin/cardea'), [...args], { cwd: folder }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err });
    });
    child.stdin?.end(input);
  });
}

/** Statuses of many requests, each on its own connection, so that both workers are asked. */
async function statuses(port: number, key: string, count = 24): Promise<readonly number[]> {
  const answers = await Promise.all(
    Array.from({ length: count }, () =>
      fetch(`http://127.0.0.1:${port}/`, { headers: { 'x-api-key': key, connection: 'close' } }),
    ),
  );
  return answers.map(({ status }) => status);
}

const places = [
  { name: 'SQLite', open: async () => ({ url: `sqlite:${path.join(folder, 'keys.db')}`, stop: async () => {} }) },
  { name: 'Redis', open: () => startRedis({ password: 'redis-s3cret' }) },
  { name: 'PostgreSQL', open: () => startPostgres() },
];

// Concurrent, because each of them waits for seconds to pass.
describe('keys in a store', { concurrency: true }, () => {
  for (const { name, open } of places) {
    describe(name, { concurrency: 1 }, () => {
      let server: Awaited<ReturnType<typeof open>>;
      let gateway: Awaited<ReturnType<typeof startGateway>>;

      before(async () => {
        server = await open();
        gateway = await startGateway(
          `stores: { main: { url: "${server.url}" } }
plans: { gold: { rate: 100000/min } }
consumers: [{ name: acme, tenant: t-1, plan: gold }]
routes:
  - { name: all, filters: [{ apiKey: { store: main, failedLogins: off } }], to: { reply: { status: 204 } } }
`,
          { workers: 2 },
        );
      });
      after(async () => {
        await gateway?.stop();
        await server?.stop();
      });

      test('added, it is good on every worker within a second; revoked, it is not', async () => {
        const keys = ['keys', '-c', gateway.configPath];
        const added = await cardea([...keys, 'add', '--consumer', 'acme', '--id', 'k1', '--scope', 'read,write']);
        assert.equal(added.code, 0, added.err);
        const key = added.out.trim();
        assert.match(key, /^ck_[A-Za-z0-9_-]{43}$/);
        await delay(1_000);
        assert.deepEqual(new Set(await statuses(gateway.port, key)), new Set([204]));

        const second = (await cardea([...keys, 'add', '--consumer', 'acme'])).out.trim();
        await delay(1_000);
        assert.deepEqual(new Set(await statuses(gateway.port, second)), new Set([204]), 'two at once');

        const listed = await cardea([...keys, 'list', '--json']);
        assert.equal(JSON.parse(listed.out).length, 2);
        assert.ok(!listed.out.includes(key));

        assert.equal((await cardea([...keys, 'revoke', '--id', 'k1'])).code, 0);
        await delay(1_000);
        assert.deepEqual(new Set(await statuses(gateway.port, key)), new Set([401]));
        assert.deepEqual(new Set(await statuses(gateway.port, second)), new Set([204]));
        const again = await cardea([...keys, 'revoke', '--id', 'k1', '--json']);
        assert.deepEqual([again.code, JSON.parse(again.out)], [1, { id: 'k1', revoked: false }]);

        const logged = gateway.stderr() + gateway.stdout();
        for (const secret of [key, second, 'redis-s3cret']) assert.ok(!logged.includes(secret));
      });

      test('a wrong key is refused, and what is refused tells nothing', async () => {
        assert.deepEqual(new Set(await statuses(gateway.port, `ck_${'x'.repeat(43)}`)), new Set([401]));
        assert.deepEqual(new Set(await statuses(gateway.port, 'x')), new Set([401]));
      });
    });
  }
});

test('wrong keys are counted by reason and for their source, over both workers', async t => {
  const gateway = await startGateway(
    `accessLog: { path: "off" }
routes:
  - { name: all, filters: [{ apiKey: { failedLogins: 5/h } }], to: { reply: { status: 204 } } }
`,
    { workers: 2 },
  );
  t.after(() => gateway.stop());
  const seen = (await Promise.all([1, 2, 3, 4].map(n => statuses(gateway.port, `ck_wrong-${n}`, 6)))).flat();
  const count = (status: number) => seen.filter(each => each === status).length;
  // Requests that arrive together may all be checked before the first of them is counted.
  assert.ok(count(401) >= 5 && count(401) + count(429) === 24, seen.join());
  assert.deepEqual(new Set(await statuses(gateway.port, 'ck_wrong-5')), new Set([429]));
  const events = (event: string) => metric(gateway, `cardea_filter_events_total{filter="apiKey",event="${event}"}`);
  assert.deepEqual([await events('unknown'), await events('throttled')], [count(401), count(429) + 24]);
});

test('the command says what it needs', async () => {
  assert.equal((await cardea(['keys', 'steal'])).code, 2);
  assert.match((await cardea(['keys', '--help'])).out, /ACTION/);
});

test('cardea password prints a hash of what it reads', async () => {
  const { out, code } = await cardea(['password'], 's3cret\n');
  assert.equal(code, 0);
  assert.match(out, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal((await cardea(['password'], '')).code, 1);
});
