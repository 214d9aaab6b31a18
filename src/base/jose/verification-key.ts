// A JWK (RFC 7517) prepared for verification with the one algorithm that it is for. Weak or contradictory keys are refused.

import { createPublicKey, createSecretKey, type KeyObject, type webcrypto } from 'node:crypto';
import { decodeBase64url } from './base64url.ts';
import { edwardsSignatureBytes, type JwsAlgorithm, jwsAlgorithms, verifyParameters } from './jws-algorithm.ts';
import { Pkcs1Verifier } from './pkcs1-signature.ts';
import { isRocaModulus } from './weak-rsa.ts';

/** A key as it stands in a key set. No member is trusted before it is checked. */
export type Jwk = Readonly<Record<string, unknown>>;

const RSA_BITS_MIN = 2_048;
const RSA_BITS_MAX = 8_192;

export interface VerificationKey {
  /** The key id; empty when the key has none. */
  readonly kid: string;
  readonly algorithm: JwsAlgorithm;
  /** The length that every signature by this key has. */
  readonly signatureBytes: number;
  readonly key: KeyObject;
  /** The argument for crypto.verify: the key with padding and encoding, where its algorithm needs them. For HMAC the key alone. */
  readonly input: KeyObject | { readonly key: KeyObject };
  /** The verifier for RS256 to RS512; null for other algorithms. */
  readonly pkcs1: Pkcs1Verifier | null;
}

/** The algorithms of RSA keys and secrets without `alg`: many issuers omit it for RSA. */
export interface AssumedAlgorithms {
  readonly rsa: string;
  readonly oct: string;
}

/** Why a key cannot be used, in words for the operator. */
export class UnusableKey {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Checks and prepares a JWK. RSA keys and secrets without `alg` get the algorithms of `assumed`. */
export function verificationKey(jwk: Jwk, assumed: AssumedAlgorithms): VerificationKey | UnusableKey {
  const { kid = '', use, key_ops: operations } = jwk;
  if (typeof kid !== 'string') return new UnusableKey('its kid is not a text');
  if (use !== undefined && use !== 'sig') return new UnusableKey('it is not for signatures');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return new UnusableKey('it is not for verifying');
  const algorithm = algorithmOf(jwk, assumed);
  if (algorithm instanceof UnusableKey) return algorithm;
  return algorithm.family === 'hmac' ? secretKey(jwk, kid, algorithm) : publicKey(jwk, kid, algorithm);
}

/** The one algorithm of a key: the one it names, or else the one that its curve or the configuration determines. */
function algorithmOf({ alg, kty, crv }: Jwk, assumed: AssumedAlgorithms): JwsAlgorithm | UnusableKey {
  let name = alg;
  if (name === undefined) {
    if (kty === 'RSA') name = assumed.rsa;
    else if (kty === 'oct') name = assumed.oct;
    else if (kty === 'OKP') name = 'EdDSA';
    else name = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' }[String(crv)];
  }
  const algorithm = typeof name === 'string' ? jwsAlgorithms.get(name) : undefined;
  if (algorithm === undefined) return new UnusableKey('its algorithm is not supported');
  if (algorithm.keyType !== kty) return new UnusableKey('its algorithm is not for keys of its type');
  if (algorithm.curve !== '' && algorithm.curve !== crv)
    return new UnusableKey('its algorithm is not for keys of its curve');
  const isEdwardsName = typeof alg === 'string' && edwardsSignatureBytes[alg] !== undefined;
  if (
    algorithm.family === 'eddsa' &&
    (edwardsSignatureBytes[String(crv)] === undefined || (isEdwardsName && alg !== crv))
  )
    return new UnusableKey('its curve is not one for signatures');
  return algorithm;
}

function secretKey({ k }: Jwk, kid: string, algorithm: JwsAlgorithm): VerificationKey | UnusableKey {
  const secret = typeof k === 'string' ? decodeBase64url(k) : null;
  // RFC 7518 section 3.2: the secret must be at least as long as the hash output.
  if (secret === null || secret.length < algorithm.signatureBytes)
    return new UnusableKey(`a secret for ${algorithm.name} has at least ${algorithm.signatureBytes} bytes`);
  const key = createSecretKey(secret);
  return { kid, algorithm, signatureBytes: algorithm.signatureBytes, key, input: key, pkcs1: null };
}

function publicKey(jwk: Jwk, kid: string, algorithm: JwsAlgorithm): VerificationKey | UnusableKey {
  const { kty, crv, n, e, x, y } = jwk;
  // Because: the other members of a private key must not get into memory.
  const members = kty === 'RSA' ? { kty, n, e } : kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x };
  const texts = Object.values(members);
  if (!texts.every(text => typeof text === 'string')) return new UnusableKey('it lacks a member that its type needs');
  const numbers = [n, e, x, y].filter(text => typeof text === 'string');
  if (numbers.some(text => decodeBase64url(text) === null)) return new UnusableKey('a member is not base64url');
  let key: KeyObject;
  try {
    // Because: all members were found to be texts, which is all that this type says.
    key = createPublicKey({ key: members as webcrypto.JsonWebKey, format: 'jwk' });
  } catch {
    return new UnusableKey('it is not a key of its type');
  }
  return ready(key, kid, algorithm);
}

/** Prepares a public key that was parsed already, such as one from a PEM text. `kid` may be empty. */
export function ready(key: KeyObject, kid: string, algorithm: JwsAlgorithm): VerificationKey | UnusableKey {
  const signatureBytes = signatureBytesOf(key, algorithm);
  if (signatureBytes instanceof UnusableKey) return signatureBytes;
  const parameters = verifyParameters[algorithm.family === 'hmac' ? 'rsa' : algorithm.family];
  const input = parameters === null ? key : { key, ...parameters };
  const pkcs1 = algorithm.family === 'rsa' ? new Pkcs1Verifier(key, algorithm.hash!, signatureBytes) : null;
  return { kid, algorithm, signatureBytes, key, input, pkcs1 };
}

/** The length of the key's signatures, once the key is known to be one for the algorithm, and not a weak one. */
function signatureBytesOf(key: KeyObject, algorithm: JwsAlgorithm): number | UnusableKey {
  if (algorithm.family === 'eddsa') return ofEdwardsKey(key);
  return algorithm.family === 'ec' ? ofCurveKey(key, algorithm) : ofRsaKey(key, algorithm);
}

function ofEdwardsKey({ asymmetricKeyType: type }: KeyObject): number | UnusableKey {
  const curve = type === 'ed25519' ? 'Ed25519' : type === 'ed448' ? 'Ed448' : '';
  return edwardsSignatureBytes[curve] ?? new UnusableKey('its curve is not one for signatures');
}

function ofCurveKey(key: KeyObject, { name, curve, signatureBytes }: JwsAlgorithm): number | UnusableKey {
  const { namedCurve } = key.asymmetricKeyDetails ?? {};
  const named = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }[String(namedCurve)];
  if (key.asymmetricKeyType !== 'ec' || named !== curve) return new UnusableKey(`${name} needs a key on ${curve}`);
  return signatureBytes;
}

function ofRsaKey(key: KeyObject, { name }: JwsAlgorithm): number | UnusableKey {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'rsa') return new UnusableKey(`${name} needs an RSA key`);
  if (modulusLength < RSA_BITS_MIN || modulusLength > RSA_BITS_MAX)
    return new UnusableKey(`an RSA key has ${RSA_BITS_MIN} to ${RSA_BITS_MAX} bits, this one ${modulusLength}`);
  if (publicExponent < 3n || publicExponent % 2n === 0n) return new UnusableKey('its public exponent is no safe one');
  const { n = '' } = key.export({ format: 'jwk' });
  if (isRocaModulus(Buffer.from(n, 'base64url'))) return new UnusableKey('its modulus is a weak one (CVE-2017-15361)');
  return Math.ceil(modulusLength / 8);
}
