// How long the certificates and revocation lists in use are still valid: for /health/ready, for the metrics, and in the log when one comes
// to its end while the gateway runs. Loading a configuration warns only of what holds at that moment, and there may be none for months.

import { EXPIRED, expiryUrgency } from '../net/tls/read-certificate.ts';
import type { TlsMaterial } from '../net/tls/tls-material.ts';
import type { MetricRegistry } from '../telemetry/metric-registry.ts';
import type { OperatorLog } from '../telemetry/operator-log.ts';
import { type CertificateWarning, certificateWarnings, writeCertificateDays } from './certificate-dates.ts';

/** Often, because an expired revocation list refuses every client from then on. */
const CHECK_EVERY_MS = 60_000;

export class CertificateWatch {
  private readonly log: OperatorLog['log'];
  private material: TlsMaterial | null = null;
  /** How urgent each file was when the operator was last told of it. */
  private told = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(log: OperatorLog['log']) {
    this.log = log;
  }

  /** Watches these certificates instead of those before. Their present state counts as told: loading them has warned of it. */
  follow(material: TlsMaterial): void {
    this.material = material;
    this.told = new Map(
      [...material.certificates, ...material.revocationLists].map(({ file, expiresAt }) => [
        file,
        expiryUrgency(expiresAt, Date.now()),
      ]),
    );
    this.timer ??= setInterval(() => this.warnOnce(), CHECK_EVERY_MS).unref();
  }

  /** Certificates that expire within 30 days, and revocation lists that have expired, now. */
  get warnings(): readonly CertificateWarning[] {
    return this.material === null ? [] : certificateWarnings(this.material, Date.now());
  }

  /** Brings `cardea_certificate_expiry_days` and `cardea_revocation_list_expiry_days` up to date. */
  writeDays(registry: MetricRegistry): void {
    if (this.material !== null) writeCertificateDays(registry, this.material, Date.now());
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Once for each file and threshold: at 30 days, at 7 days, and when it has expired. */
  private warnOnce(): void {
    for (const { kind, file, warning, expiresAt } of this.warnings) {
      const present = expiryUrgency(expiresAt, Date.now());
      if (present <= (this.told.get(file) ?? 0)) continue;
      this.told.set(file, present);
      const message =
        kind === 'certificate' ? 'a certificate has to be renewed' : 'a revocation list has to be renewed';
      this.log(present === EXPIRED ? 'error' : 'warn', message, { file, warning });
    }
  }
}
