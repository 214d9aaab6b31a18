// When the revocation lists of a file are valid. Verifies no signature: OpenSSL does so in each handshake, where it refuses every client of
// an authority that has no valid list.

import {
  childrenOf,
  type DerElement,
  DerError,
  DerTag,
  expectTag,
  oidText,
  readElement,
  timeMs,
} from '../../base/der.ts';

export interface RevocationDates {
  /** From when on every authority of the file has a valid list; milliseconds since 1970. */
  readonly validFrom: number;
  /** Until when; Infinity if no list says. */
  readonly expiresAt: number;
}

interface DatedList extends RevocationDates {
  /** The authority's name and key, as bytes: while it changes its key, it has a list for each. */
  readonly authority: string;
}

const AUTHORITY_KEY = '2.5.29.35';
const listBlock = /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g;

/** Of several lists of one authority, OpenSSL takes one that is valid. */
export function revocationDates(text: string): RevocationDates {
  const lists = Array.from(text.matchAll(listBlock), ([, base64 = '']) => datesOf(Buffer.from(base64, 'base64')));
  const byAuthority = Map.groupBy(
    lists.filter(list => list !== null),
    ({ authority }) => authority,
  );
  let validFrom = -Infinity;
  let expiresAt = Infinity;
  for (const ofOne of byAuthority.values()) {
    validFrom = Math.max(validFrom, Math.min(...ofOne.map(list => list.validFrom)));
    expiresAt = Math.min(expiresAt, Math.max(...ofOne.map(list => list.expiresAt)));
  }
  return { validFrom, expiresAt };
}

/** What is wrong with the lists of a file at this time; empty when all are valid. `now` is milliseconds since 1970. */
export function revocationWarning({ validFrom, expiresAt }: RevocationDates, now: number): string {
  if (expiresAt > now && validFrom <= now) return '';
  const isOver = expiresAt <= now;
  const wrong = isOver ? 'has expired on' : 'is not valid before';
  const when = new Date(isOver ? expiresAt : validFrom).toISOString();
  return `holds a list that ${wrong} ${when}: clients with a certificate of its authority are refused; expected a list that is valid now`;
}

/** RFC 5280 section 5.1. Null for a list that only OpenSSL can read: its dates are then not known. */
function datesOf(der: Buffer): DatedList | null {
  try {
    const [signed] = childrenOf(der, expectTag(readElement(der, 0, der.length), DerTag.sequence));
    const fields = childrenOf(der, expectTag(signed, DerTag.sequence));
    if (fields[0]?.tag === DerTag.integer) fields.shift(); // The version.
    const [, issuer, thisUpdate, nextUpdate, ...rest] = fields;
    if (issuer === undefined || thisUpdate === undefined) return null;
    const extensions = rest.find(({ tag }) => tag === DerTag.context0) ?? nextUpdate;
    return {
      authority: `${der.toString('latin1', issuer.from, issuer.end)} ${keyOf(der, extensions)}`,
      validFrom: timeMs(der, thisUpdate),
      expiresAt: isTime(nextUpdate) ? timeMs(der, nextUpdate) : Infinity,
    };
  } catch (error) {
    if (error instanceof DerError) return null;
    throw error;
  }
}

function isTime(element: DerElement | undefined): element is DerElement {
  return element?.tag === DerTag.utcTime || element?.tag === DerTag.generalizedTime;
}

/** The bytes of the extension that names the authority's key; empty when there is none. */
function keyOf(der: Buffer, extensions: DerElement | undefined): string {
  if (extensions?.tag !== DerTag.context0) return '';
  for (const extension of childrenOf(der, expectTag(childrenOf(der, extensions)[0], DerTag.sequence))) {
    const [oid, ...content] = childrenOf(der, extension);
    const value = content.at(-1);
    if (value !== undefined && oidText(der, expectTag(oid, DerTag.oid)) === AUTHORITY_KEY)
      return der.toString('latin1', value.start, value.end);
  }
  return '';
}
