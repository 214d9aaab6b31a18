// When the serving certificates and revocation lists expire: as metrics, and as warnings for /health/ready.

import { expiryWarning } from '../net/tls/read-certificate.ts';
import type { DatedFile, TlsMaterial } from '../net/tls/tls-material.ts';
import type { MetricRegistry } from '../telemetry/metric-registry.ts';

const DAY_MS = 86_400_000;

type Dates = Pick<TlsMaterial, 'certificates' | 'revocationLists'>;

export interface CertificateWarning extends DatedFile {
  readonly kind: 'certificate' | 'revocationList';
  /** Such as `expires in 6 days, on 2026-12-01`. */
  readonly warning: string;
}

/**
 * Certificates that have expired or expire within 30 days, and revocation lists that have expired: those are renewed every few days, each
 * authority at its own pace. `now` is in milliseconds since 1970.
 */
export function certificateWarnings({ certificates, revocationLists }: Dates, now: number): CertificateWarning[] {
  const ofCertificates = certificates.flatMap(({ file, expiresAt }) => {
    const warning = expiresAt <= now ? 'has expired' : expiryWarning(expiresAt, now);
    return warning === '' ? [] : [{ kind: 'certificate' as const, file, warning, expiresAt }];
  });
  const ofLists = revocationLists
    .filter(({ expiresAt }) => expiresAt <= now)
    .map(({ file, expiresAt }) => {
      const warning = 'revocation list has expired: clients with a certificate of its authority are refused';
      return { kind: 'revocationList' as const, file, warning, expiresAt };
    });
  return [...ofCertificates, ...ofLists];
}

/** Writes the days until each of these files expires, to a hundredth of a day; NaN for a file that is no longer used. */
export function writeCertificateDays(registry: MetricRegistry, dates: Dates, now: number): void {
  writeDays(registry, 'certificate', dates.certificates, now);
  writeDays(registry, 'revocationList', dates.revocationLists, now);
}

/** Files beyond the metric's capacity are left out. */
function writeDays(
  registry: MetricRegistry,
  kind: CertificateWarning['kind'],
  files: readonly DatedFile[],
  now: number,
): void {
  const { cells } = registry.own;
  for (const offset of registry.blocks(kind).values()) cells[offset] = Number.NaN;
  for (const { file, expiresAt } of files) {
    const offset = registry.block(kind, file);
    // Beyond the capacity, `block` returns the block of the first file.
    if (!registry.blocks(kind).has(file)) continue;
    cells[offset] = Math.round(((expiresAt - now) / DAY_MS) * 100) / 100;
  }
}
