// Whether one certificate really signed another: OpenSSL's own check compares names only, which anyone can write.

import type { X509Certificate } from 'node:crypto';

export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // A key that OpenSSL cannot use.
  }
}
