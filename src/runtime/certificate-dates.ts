// When the certificates that serve come to their end: as a metric, and as warnings for /health/ready.

import { expiryWarning } from '../net/tls/read-certificate.ts';
import type { TlsMaterial } from '../net/tls/tls-material.ts';
import type { MetricRegistry } from '../telemetry/metric-registry.ts';

const DAY_MS = 86_400_000;

export interface CertificateWarning {
  readonly file: string;
  /** `expires in 6 days, on 2026-12-01`. */
  readonly warning: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Those that end within 30 days. */
export function certificateWarnings({ certificates }: TlsMaterial, now: number): CertificateWarning[] {
  return certificates.flatMap(({ file, expiresAt }) => {
    const warning = expiresAt <= now ? 'has expired' : expiryWarning(expiresAt, now);
    return warning === '' ? [] : [{ file, warning, expiresAt }];
  });
}

/** Days to the end of each that has room, a hundredth exact; NaN for one that serves no more. */
export function writeCertificateDays(registry: MetricRegistry, { certificates }: TlsMaterial, now: number): void {
  const { cells } = registry.own;
  for (const offset of registry.blocks('certificate').values()) cells[offset] = Number.NaN;
  for (const { file, expiresAt } of certificates) {
    const offset = registry.block('certificate', file);
    // Where there is no room for it, its block is the first one's.
    if (!registry.blocks('certificate').has(file)) continue;
    cells[offset] = Math.round(((expiresAt - now) / DAY_MS) * 100) / 100;
  }
}
