// Checks that one certificate really signed another: OpenSSL's checkIssued compares names only, which anyone can write.

import type { X509Certificate } from 'node:crypto';

export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // The key is one that OpenSSL cannot use.
  }
}
