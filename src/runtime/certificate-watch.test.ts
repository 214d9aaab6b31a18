// Certificates that come near their end while the gateway runs: told once at each threshold, and anew for a new file.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogFields } from '../telemetry/operator-log.ts';
import { CertificateWatch } from './certificate-watch.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const now = Date.UTC(2026, 0, 1);
const material = (...certificates: { file: string; expiresAt: number }[]) => ({
  listeners: [],
  upstreams: new Map(),
  certificates,
  revocationLists: [],
});

test('each threshold is told once, what loading has told is not, and a renewed file begins anew', t => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now });
  const lines: string[] = [];
  const watch = new CertificateWatch((level, _message, { file, warning }: LogFields = {}) => {
    lines.push(`${level} ${file} ${warning}`);
  });
  const after = (days: number) => {
    lines.length = 0;
    t.mock.timers.tick(days * DAY_MS);
    return [...lines];
  };
  watch.follow(
    material({ file: '/near.pem', expiresAt: now + 20 * DAY_MS }, { file: '/far.pem', expiresAt: now + 40 * DAY_MS }),
  );
  assert.deepEqual(after(10), []);
  assert.deepEqual(after(1), ['warn /far.pem expires in 29 days, on 2026-02-10']);
  assert.deepEqual(after(3), ['warn /near.pem expires very soon, in 6 days, on 2026-01-21']);
  assert.deepEqual(after(6), ['error /near.pem has expired']);
  assert.deepEqual(after(10), []);
  watch.follow(material({ file: '/near.pem', expiresAt: now + 60 * DAY_MS }));
  assert.deepEqual(after(1), ['warn /near.pem expires in 29 days, on 2026-03-02']);
  watch.stop();
  assert.deepEqual(after(40), []);
});

test('a revocation list is told of when it expires, and no sooner; one that had expired when it was loaded is not', t => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now });
  const lines: string[] = [];
  const watch = new CertificateWatch((level, message, { file }: LogFields = {}) => {
    lines.push(`${level} ${message} ${file}`);
  });
  const revocationLists = [
    { file: '/soon.crl', expiresAt: now + 90_000 },
    { file: '/over.crl', expiresAt: now - DAY_MS },
    { file: '/later.crl', expiresAt: now + 6 * DAY_MS },
  ];
  watch.follow({ ...material(), revocationLists });
  assert.deepEqual(
    watch.warnings.map(({ file }) => file),
    ['/over.crl'],
  );
  t.mock.timers.tick(60_000);
  assert.deepEqual(lines, []);
  t.mock.timers.tick(60_000);
  assert.deepEqual(lines, ['error a revocation list has to be renewed /soon.crl']);
  t.mock.timers.tick(DAY_MS);
  assert.equal(lines.length, 1, 'once');
  assert.match(watch.warnings.at(-1)!.warning, /revocation list has expired: clients .* are refused/);
  watch.stop();
});
