// The signature algorithms of JOSE (RFC 7518 section 3.1, RFC 8037): what each requires of a key, and its settings for node:crypto.

import { constants } from 'node:crypto';

export interface JwsAlgorithm {
  readonly name: string;
  readonly family: 'rsa' | 'pss' | 'ec' | 'eddsa' | 'hmac';
  /** The hash as node:crypto names it; null when the key's curve determines it. */
  readonly hash: string | null;
  /** The `kty` that a JWK for this algorithm has. */
  readonly keyType: 'RSA' | 'EC' | 'OKP' | 'oct';
  /** The `crv` that a JWK for this algorithm has; empty when the algorithm does not determine a curve. */
  readonly curve: string;
  /** Length of a signature in bytes; 0 when the key determines it. */
  readonly signatureBytes: number;
}

function rsa(name: string, family: 'rsa' | 'pss', hash: string): JwsAlgorithm {
  return { name, family, hash, keyType: 'RSA', curve: '', signatureBytes: 0 };
}

function ec(name: string, hash: string, curve: string, signatureBytes: number): JwsAlgorithm {
  return { name, family: 'ec', hash, keyType: 'EC', curve, signatureBytes };
}

function hmac(name: string, hash: string, signatureBytes: number): JwsAlgorithm {
  return { name, family: 'hmac', hash, keyType: 'oct', curve: '', signatureBytes };
}

const list: readonly JwsAlgorithm[] = [
  rsa('RS256', 'rsa', 'sha256'),
  rsa('RS384', 'rsa', 'sha384'),
  rsa('RS512', 'rsa', 'sha512'),
  rsa('PS256', 'pss', 'sha256'),
  rsa('PS384', 'pss', 'sha384'),
  rsa('PS512', 'pss', 'sha512'),
  ec('ES256', 'sha256', 'P-256', 64),
  ec('ES384', 'sha384', 'P-384', 96),
  ec('ES512', 'sha512', 'P-521', 132),
  { name: 'EdDSA', family: 'eddsa', hash: null, keyType: 'OKP', curve: '', signatureBytes: 0 },
  hmac('HS256', 'sha256', 32),
  hmac('HS384', 'sha384', 48),
  hmac('HS512', 'sha512', 64),
];

/** The supported algorithms by name. `none` is deliberately absent. */
export const jwsAlgorithms: ReadonlyMap<string, JwsAlgorithm> = new Map([
  ...list.map(algorithm => [algorithm.name, algorithm] as const),
  // RFC 9864 names EdDSA by its curve; keys and tokens may use either name.
  ...['Ed25519', 'Ed448'].map(name => [name, list.find(({ family }) => family === 'eddsa')!] as const),
]);

/** Signature sizes of the Edwards curves in bytes (RFC 8032). */
export const edwardsSignatureBytes: Readonly<Record<string, number>> = { Ed25519: 64, Ed448: 114 };

/** The options that crypto.verify needs beside the key, by algorithm family; null when the key is enough. */
export const verifyParameters = {
  rsa: null,
  pss: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  ec: { dsaEncoding: 'ieee-p1363' },
  eddsa: null,
} as const;
