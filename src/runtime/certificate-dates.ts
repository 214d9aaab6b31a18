// When the serving certificates expire: as a metric, and as warnings for /health/ready.

import { expiryWarning } from '../net/tls/read-certificate.ts';
import type { TlsMaterial } from '../net/tls/tls-material.ts';
import type { MetricRegistry } from '../telemetry/metric-registry.ts';

const DAY_MS = 86_400_000;

export interface CertificateWarning {
  readonly file: string;
  /** Such as `expires in 6 days, on 2026-12-01`. */
  readonly warning: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Certificates that have expired or expire within 30 days. `now` is in milliseconds since 1970. */
export function certificateWarnings({ certificates }: TlsMaterial, now: number): CertificateWarning[] {
  return certificates.flatMap(({ file, expiresAt }) => {
    const warning = expiresAt <= now ? 'has expired' : expiryWarning(expiresAt, now);
    return warning === '' ? [] : [{ file, warning, expiresAt }];
  });
}

/**
 * Writes the days until each certificate expires, to a hundredth of a day; NaN for a certificate that no longer serves. Certificates beyond
 * the metric's capacity are left out.
 */
export function writeCertificateDays(registry: MetricRegistry, { certificates }: TlsMaterial, now: number): void {
  const { cells } = registry.own;
  for (const offset of registry.blocks('certificate').values()) cells[offset] = Number.NaN;
  for (const { file, expiresAt } of certificates) {
    const offset = registry.block('certificate', file);
    // Beyond the capacity, `block` returns the block of the first certificate.
    if (!registry.blocks('certificate').has(file)) continue;
    cells[offset] = Math.round(((expiresAt - now) / DAY_MS) * 100) / 100;
  }
}
