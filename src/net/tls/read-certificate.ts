// Reads one certificate with its key and says what is wrong with them, in words for an operator. Opens no files.

import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../../base/message-of.ts';
import type { CertificatePair } from './tls-material.ts';

const DAY_MS = 86_400_000;
const RSA_BITS_MIN = 2_048;
const EC_BITS_MIN = 256;
const certificateBlock =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;
const keyBlock = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/;

/** Days to expiry from which an operator is warned: first at all, then more urgently. */
const EXPIRY_WARNING_DAYS = [30, 7] as const;
/** The `expiryUrgency` of a certificate that has expired. */
export const EXPIRED = EXPIRY_WARNING_DAYS.length + 1;

/** What is wrong with a file. `about` is the part of the document that names the file. */
export interface CertificateFlaw {
  readonly about: 'cert' | 'key';
  readonly message: string;
  readonly severity: 'error' | 'warning';
}

export interface ReadCertificate {
  /** Null when a flaw is an error. */
  readonly pair: CertificatePair | null;
  readonly flaws: readonly CertificateFlaw[];
}

/** Whether a PEM text has a private key, as the files have in which HAProxy expects a certificate, its chain and its key. */
export function hasKey(text: string): boolean {
  return keyBlock.test(text);
}

/** Every certificate of a PEM text, or what is wrong with the text, without the file's name in front. */
export function certificatesOf(text: string): X509Certificate[] | string {
  const blocks = text.match(certificateBlock);
  if (blocks === null) {
    return keyBlock.test(text)
      ? 'holds a private key and no certificate'
      : 'is not PEM: expected -----BEGIN CERTIFICATE-----';
  }
  try {
    return blocks.map(block => new X509Certificate(block));
  } catch {
    return 'holds a certificate that cannot be read';
  }
}

/** `certFile` and `keyFile` are for the messages. `now` is milliseconds since 1970. */
export function readCertificate(
  { certFile, cert, keyFile, key }: { certFile: string; cert: string; keyFile: string; key: string },
  now: number,
): ReadCertificate {
  const flaws: CertificateFlaw[] = [];
  const fail = (about: 'cert' | 'key', message: string) => {
    flaws.push({ about, message: `${about === 'cert' ? certFile : keyFile} ${message}`, severity: 'error' });
  };
  const chain = certificatesOf(cert);
  if (typeof chain === 'string') fail('cert', chain);
  const privateKey = readKey(key);
  if (typeof privateKey === 'string') fail('key', privateKey);
  if (typeof chain === 'string' || typeof privateKey === 'string') return { pair: null, flaws };
  // Because: `match` found at least one block.
  const leaf = chain[0]!;
  for (const text of weaknesses(chain)) fail('cert', text);
  if (!leaf.checkPrivateKey(privateKey)) fail('key', `is not the key of the certificate in ${certFile}`);
  const expiresAt = leaf.validToDate.getTime();
  if (expiresAt <= now) fail('cert', `has expired on ${dayOf(expiresAt)}`);
  else if (leaf.validFromDate.getTime() > now) {
    fail('cert', `is not valid before ${leaf.validFromDate.toISOString()}; is the clock of this machine right?`);
  }
  flaws.push(...chainFlaws(certFile, chain, now));
  if (flaws.some(({ severity }) => severity === 'error')) return { pair: null, flaws };
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    fail('cert', `is refused by OpenSSL: ${messageOf(error)}`);
    return { pair: null, flaws };
  }
  // Clients refuse the whole chain once one of it has expired.
  const first = chain.reduce((one, other) => (other.validToDate < one.validToDate ? other : one));
  const endsAt = first.validToDate.getTime();
  const expiry = expiryWarning(endsAt, now);
  const whose = first === leaf ? '' : `has a certificate of ${nameOf(first)} in its chain that `;
  if (expiry !== '') flaws.push({ about: 'cert', message: `${certFile} ${whose}${expiry}`, severity: 'warning' });
  const kind = privateKey.asymmetricKeyType ?? '';
  return { pair: { cert, key, names: dnsNames(leaf), kind, file: certFile, expiresAt: endsAt }, flaws };
}

/** What is wrong with the certificates behind the first one, which each are to be the issuer of the one before. */
function chainFlaws(certFile: string, chain: readonly X509Certificate[], now: number): CertificateFlaw[] {
  const flaws: CertificateFlaw[] = [];
  for (const [at, issuer] of chain.slice(1).entries()) {
    const expiresAt = issuer.validToDate.getTime();
    if (expiresAt <= now) {
      const message = `${certFile} has a certificate of ${nameOf(issuer)} in its chain that has expired on ${dayOf(expiresAt)}`;
      flaws.push({ about: 'cert', message, severity: 'error' });
    }
    if (!chain[at]!.checkIssued(issuer)) {
      const message = `${certFile} has its chain in a wrong order: ${nameOf(issuer)} did not issue the certificate before it`;
      flaws.push({ about: 'cert', message, severity: 'warning' });
    }
  }
  return flaws;
}

/** 0 while expiry is far away, 1 within 30 days, 2 within 7 days, `EXPIRED` afterwards. Times in milliseconds since 1970. */
export function expiryUrgency(expiresAt: number, now: number): number {
  if (expiresAt <= now) return EXPIRED;
  const days = wholeDays(expiresAt - now);
  return EXPIRY_WARNING_DAYS.filter(threshold => days < threshold).length;
}

/** `expires in 6 days, on 2026-12-01`; empty while that is far away. */
export function expiryWarning(expiresAt: number, now: number): string {
  const urgency = expiryUrgency(expiresAt, now);
  if (urgency === 0) return '';
  const days = wholeDays(expiresAt - now);
  const soon = urgency > 1 ? 'expires very soon, in' : 'expires in';
  return `${soon} ${days === 1 ? '1 day' : `${days} days`}, on ${dayOf(expiresAt)}`;
}

function wholeDays(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/** The DNS names of a certificate, lower case; its common name if it has no alternative names, as in old certificates. */
function dnsNames(certificate: X509Certificate): string[] {
  const { subjectAltName } = certificate;
  const names = (subjectAltName ?? '')
    .split(', ')
    .flatMap(entry => (entry.startsWith('DNS:') ? [entry.slice(4).toLowerCase()] : []));
  if (names.length > 0 || subjectAltName !== undefined) return names;
  const common = /^CN=(.+)$/m.exec(certificate.subject ?? '')?.[1]?.toLowerCase();
  return common === undefined || !/^[a-z0-9*.-]+$/.test(common) ? [] : [common];
}

function readKey(text: string): KeyObject | string {
  if (!keyBlock.test(text)) return 'is not PEM: expected -----BEGIN PRIVATE KEY-----';
  if (/-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED/.test(text)) {
    return 'is encrypted with a passphrase; expected a plain key that only this user may read';
  }
  try {
    return createPrivateKey(text);
  } catch {
    // OpenSSL's words could show parts of the key.
    return 'holds a private key that cannot be read';
  }
}

/** Keys and signatures that browsers refuse. A root's own signature is never checked, so it may be old. */
function weaknesses(chain: readonly X509Certificate[]): string[] {
  return chain.flatMap((certificate, at) => {
    const whose = at === 0 ? '' : ` in the certificate of ${nameOf(certificate)}`;
    const key = keyWeakness(certificate);
    const found = key === '' ? [] : [`is weak${whose}: ${key}`];
    const signature = certificate.signatureAlgorithm ?? '';
    if (/sha-?1|md[245]/i.test(signature) && !isSelfIssued(certificate)) {
      found.push(`is weak${whose}: signed with ${signature}, expected SHA-256 or better`);
    }
    return found;
  });
}

/** Why a key is too weak to be shown or to verify others, as `RSA with 1024 bits, expected 2048 or more`; empty when it is not. */
function keyWeakness({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType, asymmetricKeyDetails } = publicKey;
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType === 'rsa' && modulusLength < RSA_BITS_MIN) {
    return `RSA with ${modulusLength} bits, expected ${RSA_BITS_MIN} or more`;
  }
  // The names have the size: prime256v1, secp384r1, brainpoolP512r1. Those without a size are old and small.
  if (asymmetricKeyType === 'ec' && Number(/\d{3}/.exec(namedCurve)?.[0] ?? 0) < EC_BITS_MIN) {
    return `the curve ${namedCurve}, expected P-256 or better`;
  }
  return asymmetricKeyType === 'dsa' ? 'a DSA key, expected RSA or ECDSA' : '';
}

export interface ReadAuthorities {
  /** Why the file can verify no certificate; empty when it can. */
  readonly problem: string;
  /** When its last authority expires, in milliseconds since 1970; 0 when it can verify none. */
  readonly expiresAt: number;
}

/** Reads a file of authorities. `now` is milliseconds since 1970. */
export function readAuthorities(text: string, now: number): ReadAuthorities {
  const found = certificatesOf(text);
  if (typeof found === 'string') return { problem: found, expiresAt: 0 };
  const unexpired = found.filter(({ validToDate }) => validToDate.getTime() > now);
  if (unexpired.length === 0) return { problem: 'holds only certificates that have expired', expiresAt: 0 };
  const current = unexpired.filter(({ validFromDate }) => validFromDate.getTime() <= now);
  if (current.length === 0) {
    const problem = 'holds only certificates that are not valid yet; is the clock of this machine right?';
    return { problem, expiresAt: 0 };
  }
  // OpenSSL verifies no certificate by a weak authority. Beside strong ones it does no harm: old bundles have some.
  const strong = current.filter(certificate => keyWeakness(certificate) === '');
  if (strong.length === 0) return { problem: `is weak: ${keyWeakness(current[0]!)}`, expiresAt: 0 };
  return { problem: '', expiresAt: Math.max(...strong.map(({ validToDate }) => validToDate.getTime())) };
}

function isSelfIssued(certificate: X509Certificate): boolean {
  return certificate.ca && certificate.subject === certificate.issuer;
}

function nameOf(certificate: X509Certificate): string {
  // Because: Node gives undefined for an empty name, which its types leave out.
  const { subject = '' } = certificate as { readonly subject?: string };
  return /^CN=(.+)$/m.exec(subject)?.[1] ?? subject.replaceAll('\n', ', ');
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
