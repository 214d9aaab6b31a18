// The algorithms of RFC 9421 section 3.3 over node:crypto. A key determines its algorithm; the one that a signature names is only compared.

import {
  constants,
  createHmac,
  createPublicKey,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { SignatureAlgorithm } from './config.ts';

interface AlgorithmSpec {
  /** The key's type in node:crypto; `secret` for a shared secret. */
  readonly keyType: string;
  readonly curve: string;
  verifies(key: KeyObject, data: Buffer, signature: Buffer): boolean;
}

const algorithms: Readonly<Record<SignatureAlgorithm, AlgorithmSpec>> = {
  'hmac-sha256': {
    keyType: 'secret',
    curve: '',
    verifies(key, data, signature) {
      const expected = createHmac('sha256', key).update(data).digest();
      return signature.length === expected.length && timingSafeEqual(expected, signature);
    },
  },
  ed25519: { keyType: 'ed25519', curve: '', verifies: (key, data, signature) => verify(null, data, key, signature) },
  'ecdsa-p256-sha256': {
    keyType: 'ec',
    curve: 'prime256v1',
    verifies: (key, data, signature) =>
      signature.length === 64 && verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature),
  },
  'ecdsa-p384-sha384': {
    keyType: 'ec',
    curve: 'secp384r1',
    verifies: (key, data, signature) =>
      signature.length === 96 && verify('sha384', data, { key, dsaEncoding: 'ieee-p1363' }, signature),
  },
  'rsa-pss-sha512': {
    keyType: 'rsa',
    curve: '',
    verifies: (key, data, signature) =>
      verify('sha512', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 64 }, signature),
  },
  'rsa-v1_5-sha256': {
    keyType: 'rsa',
    curve: '',
    verifies: (key, data, signature) =>
      verify('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING }, signature),
  },
};

/** The shortest RSA key that is accepted, in bits. */
const RSA_BITS_MIN = 2_048;

/** A key for verification only, with its one algorithm. */
export class SignatureKey {
  readonly algorithm: SignatureAlgorithm;
  private readonly key: KeyObject;
  private readonly spec: AlgorithmSpec;

  /** `material` is a PEM public key, or the bytes of a secret. Throws a TypeError that reveals nothing of it. */
  constructor(algorithm: SignatureAlgorithm, material: string | Buffer) {
    this.algorithm = algorithm;
    this.spec = algorithms[algorithm];
    this.key = this.spec.keyType === 'secret' ? createSecretKey(Buffer.from(material)) : publicKey(algorithm, material);
  }

  verifies(data: Buffer, signature: Buffer): boolean {
    return this.spec.verifies(this.key, data, signature);
  }
}

function publicKey(algorithm: SignatureAlgorithm, material: string | Buffer): KeyObject {
  const { keyType, curve } = algorithms[algorithm];
  let key: KeyObject;
  try {
    key = createPublicKey(material);
  } catch {
    throw new TypeError('a public key is no PEM public key or certificate');
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type !== keyType && !(keyType === 'rsa' && type === 'rsa-pss' && algorithm === 'rsa-pss-sha512'))
    throw new TypeError(`a key for ${algorithm} is of the type ${String(type)}`);
  if (curve !== '' && details?.namedCurve !== curve)
    throw new TypeError(`a key for ${algorithm} has the curve ${String(details?.namedCurve)}`);
  if (keyType === 'rsa' && (details?.modulusLength ?? 0) < RSA_BITS_MIN)
    throw new TypeError(`an RSA key has at least ${RSA_BITS_MIN} bits`);
  return key;
}
