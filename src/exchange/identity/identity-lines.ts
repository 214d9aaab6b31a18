// The fields that forward the caller's identity to an upstream, plain or as one signed token. Made once per login, not per request.

import { createHmac } from 'node:crypto';
import { CONSUMER_PREFIX } from '../../base/consumer-prefix.ts';
import { utf8AsLatin1 } from '../../base/latin1.ts';
import type { ForwardIdentityConfig } from '../../base/schema/forward-identity.ts';
import { areKnown, FieldBlock } from '../../http/field-block.ts';
import { claimAt } from './claim-at.ts';
import type { Consumer, Identity } from './consumer.ts';

/** How long an upstream may accept a signed token, and after what time the gateway replaces it. */
const TOKEN_LIFE_MS = 60_000;
const TOKEN_RENEWAL_MS = 30_000;

/** A longer value is left out, because upstreams refuse such heads. */
const VALUE_BYTES_MAX = 8_192;

const control = /[\0-\x1f\x7f]/g;
const barredAtEnds = /^[\0-\x20\x7f]|[\0-\x20\x7f]$/;
/** Values that can stand in a head unchanged; most values can. */
const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

const jwsHeader = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');

export class IdentityLines {
  private readonly config: ForwardIdentityConfig;
  private readonly claims: readonly (readonly [header: string, path: string])[];
  private readonly holdsKnown: boolean;
  /** Whether lines stay valid once made. A signed token contains a time: its lines are valid until `validUntilMs`. */
  readonly areLasting: boolean;

  constructor(config: ForwardIdentityConfig) {
    this.config = config;
    this.areLasting = config.consumer !== 'signed';
    this.claims = Object.entries(config.claims);
    // Only the configured names are checked: none of the gateway's own names is a well-known header.
    this.holdsKnown = areKnown(Object.keys(config.claims));
  }

  /** Headers that no client may send, besides `x-consumer-*`. */
  static namesOf(config: ForwardIdentityConfig): readonly string[] {
    return Object.keys(config.claims);
  }

  /** Makes the header lines for a caller. `nowMs` is in milliseconds since 1970. */
  make(consumer: Consumer | null, identity: Identity, nowMs: number): FieldBlock {
    const lines: string[] = [];
    const { consumer: manner, key } = this.config;
    if (manner === 'plain') addPlain(lines, consumer, identity);
    else if (manner === 'signed') lines.push('X-Consumer-Token', signedToken(consumer, identity, key!, nowMs));
    for (const [header, path] of this.claims) add(lines, header, claimAt(identity.claims, path));
    // Because: an array that grew has spare room, and these lines are kept with every login.
    return new FieldBlock(lines.slice(), this.holdsKnown);
  }

  /** Until when lines made at `nowMs` are used, if they are not lasting; milliseconds since 1970. */
  validUntilMs(nowMs: number): number {
    return nowMs + TOKEN_RENEWAL_MS;
  }
}

function addPlain(lines: string[], consumer: Consumer | null, identity: Identity): void {
  if (consumer !== null) {
    add(lines, 'X-Consumer-Name', consumer.name);
    add(lines, 'X-Consumer-Tenant', consumer.tenant);
    add(lines, 'X-Consumer-Plan', consumer.plan);
    add(lines, 'X-Consumer-Groups', groupsText.of(consumer.groups));
  }
  add(lines, 'X-Consumer-Subject', identity.subject);
  add(lines, 'X-Consumer-Scopes', scopesText.of(identity.scopes));
  add(lines, 'X-Consumer-By', identity.by);
}

/** Writes a list as text and remembers the last one: most callers share one list object with the caller before. */
class LastListText {
  private readonly write: (list: readonly string[]) => string;
  private list: readonly string[] = [];
  private text = '';

  constructor(write: (list: readonly string[]) => string) {
    this.write = write;
  }

  of(list: readonly string[]): string {
    if (list !== this.list) {
      this.list = list;
      this.text = this.write(list);
    }
    return this.text;
  }
}

const scopesText = new LastListText(scopes => scopes.join(' '));
const groupsText = new LastListText(headerValue);

function add(lines: string[], header: string, claim: unknown): void {
  const value = headerValue(claim);
  if (value !== '' && value.length <= VALUE_BYTES_MAX) lines.push(header, value);
}

/**
 * A claim as the bytes (latin1) of a header value. Empty for an absent claim, and for text that a header would change: with spaces or
 * control characters at its ends.
 */
export function headerValue(claim: unknown): string {
  if (claim === undefined || claim === null) return '';
  if (typeof claim === 'string') return bytesOf(claim);
  if (Array.isArray(claim)) {
    const items = claim.map(listItem).filter(item => !barredAtEnds.test(item));
    return items.map(bytesOf).join(',');
  }
  return bytesOf(typeof claim === 'object' ? JSON.stringify(claim) : String(claim));
}

/** An item of a list, with commas and percent signs encoded: an item that contains a comma must not look like two. */
function listItem(item: unknown): string {
  const text = typeof item === 'string' ? item : JSON.stringify(item);
  return text.replace(/[%,]/g, sign => (sign === ',' ? '%2C' : '%25'));
}

function bytesOf(text: string): string {
  if (plain.test(text)) return text;
  // Because: a header keeps no spaces at its ends, and `admin ` is another name than `admin`.
  if (barredAtEnds.test(text)) return '';
  const safe = text.replace(control, ' ');
  return utf8AsLatin1(safe);
}

function signedToken(consumer: Consumer | null, identity: Identity, key: string, nowMs: number): string {
  const iat = Math.floor(nowMs / 1_000);
  const payload = {
    iss: 'cardea',
    iat,
    exp: iat + TOKEN_LIFE_MS / 1_000,
    ...(identity.subject !== '' && { sub: identity.subject }),
    by: identity.by,
    scope: identity.scopes.join(' '),
    ...(consumer !== null && {
      consumer: consumer.name,
      tenant: consumer.tenant,
      plan: consumer.plan,
      groups: consumer.groups,
    }),
  };
  const signed = `${jwsHeader}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

/** Reserved in every gateway in which a filter identifies callers. */
export const identityHeaderPrefixes: readonly string[] = [CONSUMER_PREFIX];
