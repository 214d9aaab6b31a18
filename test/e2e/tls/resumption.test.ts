// Sessions are resumed on any worker, with TLS 1.2 and 1.3, and by another gateway with the same keys.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { TestAuthority } from '../../support/certificates.ts';
import { startGateway } from '../../support/gateway.ts';
import { reloadWith } from '../../support/reload-with.ts';
import { askTls } from '../../support/tls-client.ts';

const authority = new TestAuthority();
const files = authority.issue('api', { names: ['DNS:api.test'] });
after(() => authority.remove());

function config(tickets: string): string {
  return `listeners:
  - address: 127.0.0.1:{{port}}
    protocols: [http/1.1]
    tls:
      certificates: [{ cert: ${files.cert}, key: ${files.key} }]
      sessionTickets: ${tickets}
admin: { address: "127.0.0.1:{{adminPort}}" }
accessLog: { path: off }
routes: [{ name: fixed, to: { reply: { status: 200, body: fixed } } }]
`;
}

const versions = ['TLSv1.2', 'TLSv1.3'] as const;

test('every attempt on two workers is resumed', async () => {
  const gateway = await startGateway(config('{}'), { workers: 2 });
  try {
    for (const version of versions) {
      const only = { minVersion: version, maxVersion: version };
      const first = await askTls(gateway.port, only);
      assert.equal(first.resumed, false);
      assert.ok(first.session !== null, version);
      const attempts = await Promise.all(
        Array.from({ length: 100 }, () => askTls(gateway.port, { ...only, session: first.session! })),
      );
      const resumed = attempts.filter(answer => answer.resumed).length;
      assert.ok(attempts.every(({ text }) => text.endsWith('fixed')));
      assert.ok(resumed >= 99, `${version}: ${resumed} of 100`);
    }
    const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
    assert.ok(Number(/result="resumed"\} (\d+)/.exec(text)?.[1]) >= 198);
  } finally {
    await gateway.stop();
  }
});

test('gateways with one file of keys resume each other’s sessions; others do not', async () => {
  const keys = authority.path('tickets');
  writeFileSync(keys, `${randomBytes(48).toString('base64')}\n${randomBytes(48).toString('base64')}\n`);
  const [a, b, c] = await Promise.all([
    startGateway(config(`{ keys: ${keys} }`)),
    startGateway(config(`{ keys: ${keys} }`)),
    startGateway(config('{}')),
  ]);
  try {
    for (const version of versions) {
      const only = { minVersion: version, maxVersion: version };
      const { session } = await askTls(a.port, only);
      assert.equal((await askTls(b.port, { ...only, session: session! })).resumed, true, version);
      const stranger = await askTls(c.port, { ...only, session: session! });
      assert.equal(stranger.resumed, false, version);
      assert.match(stranger.text, /fixed$/);
    }
  } finally {
    await Promise.all([a.stop(), b.stop(), c.stop()]);
  }
});

test('after a reload that changes the lifetime sessions are resumed with its keys', async () => {
  const gateway = await startGateway(config('{ lifetime: 2h }'), { workers: 2 });
  try {
    for (const lifetime of ['2h', '4h', '2h']) {
      if (lifetime === '4h') await reloadWith(gateway, text => text.replace('2h', '4h'));
      const { session } = await askTls(gateway.port);
      for (let attempt = 0; attempt < 10; attempt++)
        assert.equal((await askTls(gateway.port, { session: session! })).resumed, true, lifetime);
      if (lifetime === '4h') await reloadWith(gateway, text => text.replace('4h', '2h'));
    }
  } finally {
    await gateway.stop();
  }
});
