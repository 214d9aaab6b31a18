// Whether a verified token has been revoked since, checked on every request. Reads memory that another thread writes; see
// src/store/revocation.

import type { Feed } from '../../store/feed.ts';
import type { RevocationValue } from '../../store/revocation/revocation-feed.ts';
import { idFingerprint, RevocationTable, subjectFingerprint } from '../../store/revocation/revocation-table.ts';
import type { TokenPrints, VerifiedToken } from './verified-token.ts';

/** `unknown` while no list has ever arrived, unless the configuration treats that as an empty list. */
export type RevocationStatus = 'good' | 'revoked' | 'unknown';

export class Revocations {
  private readonly feed: Feed<RevocationValue>;
  private readonly withoutList: RevocationStatus;
  private value: RevocationValue | null = null;
  private table: RevocationTable | null = null;

  constructor(feed: Feed<RevocationValue>, allowWithoutList: boolean) {
    this.feed = feed;
    this.withoutList = allowWithoutList ? 'good' : 'unknown';
  }

  statusOf(token: VerifiedToken): RevocationStatus {
    const { value } = this.feed;
    if (value === undefined) return this.withoutList;
    if (value !== this.value) {
      this.value = value;
      this.table = new RevocationTable(value.memory);
    }
    const table = this.table!;
    const { issuedAtS } = token;
    const { beforeS } = table;
    if (beforeS !== 0 && issuedAtS <= beforeS) return 'revoked';
    if (table.entries === 0) return 'good';
    const { id, subject } = printsOf(token, value);
    if (id !== null && table.find(id) !== -1) return 'revoked';
    if (subject === null) return 'good';
    const before = table.find(subject);
    return before !== -1 && issuedAtS <= before ? 'revoked' : 'good';
  }
}

/** The token's fingerprints, computed once per token: the fingerprint key belongs to the process and stays the same. */
function printsOf(token: VerifiedToken, { key }: RevocationValue): TokenPrints {
  const { prints, jti, login } = token;
  if (prints !== null && prints.key.low === key.low && prints.key.high === key.high) return prints;
  const { subject } = login.identity;
  const made = {
    key,
    id: jti === '' ? null : idFingerprint(key, jti),
    subject: subject === '' ? null : subjectFingerprint(key, subject),
  };
  token.prints = made;
  return made;
}
