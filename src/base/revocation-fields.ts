// The fields of a certificate revocation list (RFC 5280 section 5.1), as offsets into its bytes. Verifies nothing: OpenSSL does so in the
// handshake, and the filter that reads a list by itself does, too.

import { childrenOf, type DerElement, DerError, DerTag, expectTag, readElement } from './der.ts';

export interface RevocationFields {
  /** All that is signed; it contains the fields below down to `extensions`. */
  readonly signed: DerElement;
  /** The algorithm of the signature, as it is signed. */
  readonly signedAlgorithm: DerElement;
  readonly issuer: DerElement;
  readonly thisUpdate: DerElement;
  /** Undefined when the list names no time, as the two below when it has none. */
  readonly nextUpdate: DerElement | undefined;
  readonly revoked: DerElement | undefined;
  readonly extensions: DerElement | undefined;
  readonly algorithm: DerElement;
  readonly signature: DerElement;
}

/** Throws a DerError. */
export function revocationFields(der: Buffer): RevocationFields {
  const whole = expectTag(readElement(der, 0, der.length), DerTag.sequence);
  const [content, algorithm, signature, more] = childrenOf(der, whole);
  if (more !== undefined || whole.end !== der.length) throw new DerError('there are bytes after its end');
  const signed = expectTag(content, DerTag.sequence);
  const fields = childrenOf(der, signed);
  if (fields[0]?.tag === DerTag.integer) fields.shift(); // The version.
  const [signedAlgorithm, issuer, thisUpdate, ...rest] = fields;
  if (!isTime(thisUpdate)) throw new DerError('it has no time');
  const nextUpdate = isTime(rest[0]) ? rest.shift() : undefined;
  const revoked = rest[0]?.tag === DerTag.sequence ? rest.shift() : undefined;
  return {
    signed,
    signedAlgorithm: expectTag(signedAlgorithm, DerTag.sequence),
    issuer: expectTag(issuer, DerTag.sequence),
    thisUpdate,
    nextUpdate,
    revoked,
    extensions: rest[0]?.tag === DerTag.context0 ? rest[0] : undefined,
    algorithm: expectTag(algorithm, DerTag.sequence),
    signature: expectTag(signature, DerTag.bitString),
  };
}

/** The extensions of a list: their OID, whether they are critical, and their value. */
export function extensionsOf(
  der: Buffer,
  { extensions }: RevocationFields,
): { readonly oid: DerElement; readonly isCritical: boolean; readonly value: DerElement | undefined }[] {
  if (extensions === undefined) return [];
  return childrenOf(der, expectTag(childrenOf(der, extensions)[0], DerTag.sequence)).map(extension => {
    const [oid, ...content] = childrenOf(der, extension);
    const isCritical = content[0]?.tag === DerTag.boolean && der[content[0].start] !== 0;
    return { oid: expectTag(oid, DerTag.oid), isCritical, value: content.at(-1) };
  });
}

const listBlock = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g;

/** The lists of a PEM text, in DER. */
export function listsInPem(text: string): Buffer[] {
  return Array.from(text.matchAll(listBlock), ([, base64 = '']) => Buffer.from(base64, 'base64'));
}

function isTime(element: DerElement | undefined): element is DerElement {
  return element?.tag === DerTag.utcTime || element?.tag === DerTag.generalizedTime;
}
