// Days to expiry as the metrics show them: computed at every read, NaN for a certificate that no longer serves.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricRegistry } from '../telemetry/metric-registry.ts';
import { renderPrometheus } from '../telemetry/prometheus.ts';
import { certificateWarnings, writeCertificateDays } from './certificate-dates.ts';

const DAY_MS = 86_400_000;
const now = Date.UTC(2026, 0, 1);
const material = (certificates: { file: string; expiresAt: number }[]) => ({
  listeners: [],
  upstreams: new Map(),
  certificates,
  revocationLists: [],
});

test('days by file, and NaN for a file that is gone', () => {
  const registry = new MetricRegistry();
  const a = { file: '/a.pem', expiresAt: now + 12.5 * DAY_MS };
  writeCertificateDays(registry, material([a, { file: '/b.pem', expiresAt: now + DAY_MS }]), now);
  assert.match(renderPrometheus(registry), /cardea_certificate_expiry_days\{file="\/a\.pem"\} 12\.5\n/);
  writeCertificateDays(registry, material([a]), now + DAY_MS);
  const text = renderPrometheus(registry);
  assert.match(text, /\{file="\/a\.pem"\} 11\.5\n/);
  assert.match(text, /cardea_certificate_expiry_days\{file="\/b\.pem"\} NaN\n/);
});

test('days behind the end are below 0', () => {
  const registry = new MetricRegistry();
  registry.openSlot(0);
  writeCertificateDays(registry, material([{ file: '/a.pem', expiresAt: now }]), now + 1.5 * DAY_MS);
  assert.match(renderPrometheus(registry), /cardea_certificate_expiry_days\{file="\/a\.pem"\} -1\.5\n/);
});

test('days of revocation lists have a metric of their own', () => {
  const registry = new MetricRegistry();
  const revocationLists = [{ file: '/a.crl', expiresAt: now + 1.5 * DAY_MS }];
  writeCertificateDays(registry, { ...material([]), revocationLists }, now);
  const text = renderPrometheus(registry);
  assert.match(text, /cardea_revocation_list_expiry_days\{file="\/a\.crl"\} 1\.5\n/);
  assert.doesNotMatch(text, /cardea_certificate_expiry_days\{/);
});

test('files beyond those that have room do not change the days of others', () => {
  const registry = new MetricRegistry();
  const many = Array.from({ length: 600 }, (_, n) => ({ file: `/${n}.pem`, expiresAt: now + (n + 1) * DAY_MS }));
  writeCertificateDays(registry, material(many), now);
  const shown = renderPrometheus(registry).matchAll(/cardea_certificate_expiry_days\{file="\/(\d+)\.pem"\} (\d+)\n/g);
  const days = Array.from(shown, ([, n, shownDays]) => Number(shownDays) - Number(n));
  assert.ok(days.length > 100);
  assert.deepEqual(new Set(days), new Set([1]));
});

test('warnings within 30 days, and after the end', () => {
  const at = (days: number) => ({ file: `/${days}.pem`, expiresAt: now + days * DAY_MS });
  assert.deepEqual(
    certificateWarnings(material([at(31), at(29), at(3), at(-1)]), now).map(({ warning }) => warning),
    ['expires in 29 days, on 2026-01-30', 'expires very soon, in 3 days, on 2026-01-04', 'has expired'],
  );
});
