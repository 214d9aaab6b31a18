// Whether a certificate is another's issuer in truth: OpenSSL's question about names alone is answered by who likes.

import type { X509Certificate } from 'node:crypto';

export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // A key that OpenSSL cannot use.
  }
}
