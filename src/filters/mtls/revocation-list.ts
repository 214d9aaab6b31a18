// Certificate revocation lists (RFC 5280 section 5): parsed, verified against their authority, and searched for serial numbers. Complete
// lists only: delta and indirect lists, and any other critical extension, are refused.

import { verify, X509Certificate } from 'node:crypto';
import { childrenOf, type DerElement, DerError, DerTag, expectTag, oidText, timeMs } from '../../base/der.ts';
import { extensionsOf, listsInPem, revocationFields } from '../../base/revocation-fields.ts';
import { signersOf } from './chain.ts';
import { comparableName, subjectOf } from './distinguished-name.ts';

/** Hash by the OID of the signature algorithm; null for Ed25519, which includes its own. */
const algorithms: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

/** The content of a list before its signature is verified. */
interface ReadList {
  /** The name of the authority, in the form of `comparableName`. */
  readonly issuer: string;
  readonly signed: Buffer;
  readonly hash: string | null;
  readonly signature: Buffer;
  readonly thisUpdateMs: number;
  /** Infinity when the list names no time. */
  readonly nextUpdateMs: number;
  /** Upper-case hex without leading zeros. */
  readonly serials: ReadonlySet<string>;
}

export interface RevocationList extends Pick<ReadList, 'serials' | 'thisUpdateMs' | 'nextUpdateMs'> {
  readonly authority: X509Certificate;
}

/** The data by which lists name a certificate. `issuer` is in RFC 2253 order. */
export interface IssuedCertificate {
  readonly issuer: string;
  readonly serialNumber: string;
}

export type Revocation = 'good' | 'revoked' | 'unknown';

/** The lists of several authorities. */
export class RevocationLists {
  /**
   * By the name of the authority as certificates have it, in RFC 2253 order. Several lists when authorities share a name, as they do while
   * an authority changes its key: each key signs a list of its own, and a serial number does not say which key issued it.
   */
  private readonly byIssuer: ReadonlyMap<string, readonly RevocationList[]>;
  private readonly authorities: readonly X509Certificate[];
  private readonly acceptExpired: boolean;

  /** Takes PEM texts. Throws a TypeError with a message for the operator. */
  constructor(lists: readonly string[], authorities: string, acceptExpired: boolean) {
    const certificates = certificatesInPem(authorities);
    if (certificates.length === 0) throw new TypeError('`crl.authorities` holds no certificate in PEM');
    const read = lists.flatMap(text => {
      const blocks = listsInPem(text);
      if (blocks.length === 0) throw new TypeError('`crl.lists` holds a text without a revocation list in PEM');
      return blocks.map(der => verifiedList(der, certificates));
    });
    this.authorities = certificates;
    this.byIssuer = Map.groupBy(newestOf(read), ({ authority }) => nameText(authority.subject));
    this.acceptExpired = acceptExpired;
  }

  /** The authorities above a client, from its chain as the connection supplies it, in DER. Null when it is not certain who signed it. */
  authoritiesAbove(chain: readonly Buffer[]): readonly IssuedCertificate[] | null {
    const above = signersOf(
      chain.map(der => new X509Certificate(der)),
      this.authorities,
    );
    return above?.map(({ issuer, serialNumber }) => ({ issuer: nameText(issuer), serialNumber })) ?? null;
  }

  /** Checks a client's own certificate, whose authority must have a list, and those above it, whose authorities may have one. */
  askAll(own: IssuedCertificate, above: readonly IssuedCertificate[] | null, nowMs: number): Revocation {
    let verdict = this.ask(own.issuer, own.serialNumber, nowMs);
    if (above === null) return verdict === 'revoked' ? 'revoked' : 'unknown';
    for (const { issuer, serialNumber } of above) {
      if (verdict === 'revoked') break;
      if (!this.byIssuer.has(issuer)) continue;
      const its = this.ask(issuer, serialNumber, nowMs);
      if (its !== 'good') verdict = its;
    }
    return verdict;
  }

  /**
   * Checks one serial number. `unknown` when the authority has no list, or when one of its lists has expired and `acceptExpired` is false.
   */
  ask(issuer: string, serialNumber: string, nowMs: number): Revocation {
    const lists = this.byIssuer.get(issuer);
    if (lists === undefined) return 'unknown';
    const serial = serialText(serialNumber);
    if (lists.some(({ serials }) => serials.has(serial))) return 'revoked';
    return this.acceptExpired || lists.every(({ nextUpdateMs }) => nextUpdateMs >= nowMs) ? 'good' : 'unknown';
  }
}

/** The latest list of each authority, in whichever order they were given. */
function newestOf(lists: readonly RevocationList[]): Iterable<RevocationList> {
  const newest = new Map<X509Certificate, RevocationList>();
  for (const list of lists) {
    const known = newest.get(list.authority);
    if (known === undefined || known.thisUpdateMs <= list.thisUpdateMs) newest.set(list.authority, list);
  }
  return newest.values();
}

function verifiedList(der: Buffer, authorities: readonly X509Certificate[]): RevocationList {
  const list = readable('a revocation list', () => readList(der));
  const signers = authorities.filter(({ publicKey }) => {
    try {
      return verify(list.hash, list.signed, publicKey, list.signature);
    } catch {
      return false; // The key does not fit the signature's algorithm.
    }
  });
  if (signers.length === 0) throw new TypeError('a revocation list is signed by none of `crl.authorities`');
  // Because: authorities with different names may have one key, and a list is about the certificates of its issuer only (RFC 5280
  // section 6.3.3).
  const authority = signers.find(
    ({ raw }) => readable('a certificate of `crl.authorities`', () => subjectOf(raw)) === list.issuer,
  );
  if (authority === undefined)
    throw new TypeError('a revocation list names another issuer than the one of `crl.authorities` whose key signed it');
  const { serials, thisUpdateMs, nextUpdateMs } = list;
  return { authority, serials, thisUpdateMs, nextUpdateMs };
}

/** What `read` returns; throws a TypeError instead of a DerError. */
function readable<Content>(what: string, read: () => Content): Content {
  try {
    return read();
  } catch (error) {
    if (error instanceof DerError) throw new TypeError(`${what} cannot be read: ${error.message}`);
    throw error;
  }
}

function readList(der: Buffer): ReadList {
  const fields = revocationFields(der);
  const { signed, signedAlgorithm, algorithm, signature, issuer, thisUpdate, nextUpdate, revoked } = fields;
  // Because: the outer name of the algorithm is not signed (RFC 5280 section 5.1.1.2).
  if (!bytesOf(der, signedAlgorithm).equals(bytesOf(der, algorithm))) throw new DerError('it names two algorithms');
  const oid = oidText(der, expectTag(childrenOf(der, algorithm)[0], DerTag.oid));
  const hash = Object.hasOwn(algorithms, oid) ? algorithms[oid] : undefined;
  if (hash === undefined) throw new DerError(`its signature has the algorithm ${oid}, which is not supported`);
  const critical = extensionsOf(der, fields).find(({ isCritical }) => isCritical);
  if (critical !== undefined)
    throw new DerError(
      `it has the critical extension ${oidText(der, critical.oid)}: only whole, direct lists are read`,
    );
  if (der[signature.start] !== 0) throw new DerError('its signature is no whole number of bytes');
  return {
    issuer: comparableName(der, issuer),
    signed: bytesOf(der, signed),
    hash,
    signature: der.subarray(signature.start + 1, signature.end),
    thisUpdateMs: timeMs(der, thisUpdate),
    nextUpdateMs: nextUpdate === undefined ? Infinity : timeMs(der, nextUpdate),
    serials: new Set(revoked === undefined ? [] : childrenOf(der, revoked).map(entry => serialOf(der, entry))),
  };
}

function bytesOf(der: Buffer, { from, end }: DerElement): Buffer {
  return der.subarray(from, end);
}

function serialOf(der: Buffer, entry: DerElement): string {
  const serial = expectTag(childrenOf(der, expectTag(entry, DerTag.sequence))[0], DerTag.integer);
  return serialText(der.toString('hex', serial.start, serial.end));
}

/** A serial number in one form, whether it comes from a list or from Node. */
function serialText(hex: string): string {
  return hex.toUpperCase().replace(/^0+(?=.)/, '');
}

function certificatesInPem(text: string): X509Certificate[] {
  const block = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;
  return Array.from(text.matchAll(block), ([, base64 = '']) => new X509Certificate(Buffer.from(base64, 'base64')));
}

/**
 * Converts a name from Node's form, one part per line, outermost first, escaped as in RFC 2253, to the one-line form in which a client's
 * certificate names its issuer. For an empty name Node returns undefined, which its types omit.
 */
function nameText(lines: string | undefined = ''): string {
  return lines
    .split('\n')
    .filter(line => line !== '')
    .reverse()
    .join(',');
}
