// Names of certificates and revocation lists in DER, in a form that can be compared (RFC 5280 section 7.1). Shows names to nobody.

import { childrenOf, type DerElement, DerTag, expectTag, oidText, readElement } from '../../base/der.ts';

const decoders: Readonly<Record<number, (bytes: Buffer) => string>> = {
  [DerTag.utf8String]: bytes => bytes.toString('utf8'),
  [DerTag.printableString]: bytes => bytes.toString('latin1'),
  [DerTag.teletexString]: bytes => bytes.toString('latin1'),
  [DerTag.ia5String]: bytes => bytes.toString('latin1'),
  [DerTag.bmpString]: bytes => Buffer.from(bytes).swap16().toString('utf16le'),
};

/**
 * The same text for names that are equal: the encoding of an attribute, its case and its spaces do not count, as OpenSSL has it. Throws a
 * DerError.
 */
export function comparableName(der: Buffer, name: DerElement): string {
  const parts = childrenOf(der, expectTag(name, DerTag.sequence)).map(part =>
    childrenOf(der, expectTag(part, DerTag.set))
      .map(attribute => attributeText(der, attribute))
      .sort(),
  );
  return JSON.stringify(parts);
}

/** The comparable subject of a certificate. Throws a DerError. */
export function subjectOf(certificate: Buffer): string {
  const whole = expectTag(readElement(certificate, 0, certificate.length), DerTag.sequence);
  const fields = childrenOf(certificate, expectTag(childrenOf(certificate, whole)[0], DerTag.sequence));
  if (fields[0]?.tag === DerTag.context0) fields.shift(); // The version.
  // Before it are the serial number, the algorithm, the issuer and the validity.
  return comparableName(certificate, expectTag(fields[4], DerTag.sequence));
}

function attributeText(der: Buffer, attribute: DerElement): string {
  const [type, value] = childrenOf(der, expectTag(attribute, DerTag.sequence));
  const oid = oidText(der, expectTag(type, DerTag.oid));
  if (value === undefined) return oid;
  const bytes = der.subarray(value.start, value.end);
  const decode = value.tag === DerTag.bmpString && bytes.length % 2 === 1 ? undefined : decoders[value.tag];
  if (decode === undefined) return `${oid}#${value.tag}#${bytes.toString('hex')}`;
  return `${oid}=${decode(bytes).trim().replace(/\s+/g, ' ').toLowerCase()}`;
}
