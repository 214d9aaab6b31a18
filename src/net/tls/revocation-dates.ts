// When revocation lists are valid. Verifies no signature: OpenSSL does so in each handshake, where it refuses every client of an authority
// that has no valid list, and so does the filter that has lists of its own.

import { DerError, oidText, timeMs } from '../../base/der.ts';
import { extensionsOf, listsInPem, type RevocationFields, revocationFields } from '../../base/revocation-fields.ts';

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

/** Of several lists of one authority, OpenSSL takes one that is valid. */
export function revocationDates(text: string): RevocationDates {
  const ofAuthorities = byAuthority(datedLists(text)).map(lists => ({
    validFrom: Math.min(...lists.map(list => list.validFrom)),
    expiresAt: Math.max(...lists.map(list => list.expiresAt)),
  }));
  return inCommon(ofAuthorities);
}

/**
 * Until when each of several texts is valid that are used together, as the filter mtls does: of several lists of one authority the newest
 * counts, also before its time. Infinity for a text without a list that counts and that ends.
 */
export function expiriesOf(texts: readonly string[]): number[] {
  const placed = texts.flatMap((text, at) => datedLists(text).map(list => ({ ...list, at })));
  const newest = byAuthority(placed).map(lists =>
    lists.reduce((one, other) => (other.validFrom >= one.validFrom ? other : one)),
  );
  return texts.map((_, at) => inCommon(newest.filter(list => list.at === at)).expiresAt);
}

function byAuthority<List extends DatedList>(lists: readonly List[]): List[][] {
  return [...Map.groupBy(lists, ({ authority }) => authority).values()];
}

/** The time in which all are valid. */
function inCommon(dates: readonly RevocationDates[]): RevocationDates {
  return {
    validFrom: Math.max(...dates.map(each => each.validFrom)),
    expiresAt: Math.min(...dates.map(each => each.expiresAt)),
  };
}

function datedLists(text: string): DatedList[] {
  return listsInPem(text)
    .map(datesOf)
    .filter(list => list !== null);
}

/** What is wrong with the lists of a file at this time; empty when all are valid. `now` is milliseconds since 1970. */
export function revocationWarning({ validFrom, expiresAt }: RevocationDates, now: number): string {
  if (expiresAt > now && validFrom <= now) return '';
  const isOver = expiresAt <= now;
  const wrong = isOver ? 'has expired on' : 'is not valid before';
  const when = new Date(isOver ? expiresAt : validFrom).toISOString();
  return `holds a list that ${wrong} ${when}: clients with a certificate of its authority are refused; expected a list that is valid now`;
}

/** Null for a list that only OpenSSL can read: its dates are then not known. */
function datesOf(der: Buffer): DatedList | null {
  try {
    const fields = revocationFields(der);
    const { issuer, thisUpdate, nextUpdate } = fields;
    return {
      authority: `${der.toString('latin1', issuer.from, issuer.end)} ${keyOf(der, fields)}`,
      validFrom: timeMs(der, thisUpdate),
      expiresAt: nextUpdate === undefined ? Infinity : timeMs(der, nextUpdate),
    };
  } catch (error) {
    if (error instanceof DerError) return null;
    throw error;
  }
}

/** The bytes of the extension that names the authority's key; empty when there is none. */
function keyOf(der: Buffer, fields: RevocationFields): string {
  const key = extensionsOf(der, fields).find(({ oid }) => oidText(der, oid) === AUTHORITY_KEY)?.value;
  return key === undefined ? '' : der.toString('latin1', key.start, key.end);
}
