// The fields that forward the caller's identity to an upstream, plain or as one signed token. Made once per login, not per request.

import { createHmac } from 'node:crypto';
import { CONSUMER_PREFIX } from '../base/consumer-prefix.ts';
import { utf8AsLatin1 } from '../base/latin1.ts';
import type { ForwardIdentityConfig } from '../base/schema/forward-identity.ts';
import { areKnown, FieldBlock } from '../http/field-block.ts';
import { claimAt } from './claim-at.ts';
import type { Consumer, Identity } from './consumer.ts';

/** How long an upstream may believe a signed token, and when it is replaced. */
const TOKEN_LIFE_MS = 60_000;
const TOKEN_RENEWAL_MS = 30_000;

/** A value longer than this is left out: upstreams refuse such heads. */
const VALUE_BYTES_MAX = 8_192;

const control = /[\0-\x1f\x7f]/g;
const barredAtEnds = /^[\0-\x20\x7f]|[\0-\x20\x7f]$/;
/** What can stand in a head as it is; most values can. */
const plain = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

const jwsHeader = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url');

export class IdentityLines {
  private readonly config: ForwardIdentityConfig;
  private readonly claims: readonly (readonly [header: string, path: string])[];
  private readonly holdsKnown: boolean;
  /** Whether what was made once stays valid. A signed token contains a time, and is valid until `validUntilMs`. */
  readonly areLasting: boolean;

  constructor(config: ForwardIdentityConfig) {
    this.config = config;
    this.areLasting = config.consumer !== 'signed';
    this.claims = Object.entries(config.claims);
    // None of the gateway's own names is well-known.
    this.holdsKnown = areKnown(Object.keys(config.claims));
  }

  /** Fields that no client may bring, beside `x-consumer-*`. */
  static namesOf(config: ForwardIdentityConfig): readonly string[] {
    return Object.keys(config.claims);
  }

  /** `nowMs` since 1970. */
  make(consumer: Consumer | null, identity: Identity, nowMs: number): FieldBlock {
    const lines: string[] = [];
    const { consumer: manner, key } = this.config;
    if (manner === 'plain') addPlain(lines, consumer, identity);
    else if (manner === 'signed') lines.push('X-Consumer-Token', signedToken(consumer, identity, key!, nowMs));
    for (const [header, path] of this.claims) add(lines, header, claimAt(identity.claims, path));
    // Because: a list that grew has room for more, and these are kept with every login.
    return new FieldBlock(lines.slice(), this.holdsKnown);
  }

  /** Until when lines made now are to be used, where they are not lasting. */
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

/** A list as text. Most callers have that of the caller before, in one list. */
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

/** A claim as the bytes (latin1) of a header value; empty for what is absent, and for what would be another value there. */
export function headerValue(claim: unknown): string {
  if (claim === undefined || claim === null) return '';
  if (typeof claim === 'string') return bytesOf(claim);
  if (Array.isArray(claim)) {
    const items = claim.map(listItem).filter(item => !barredAtEnds.test(item));
    return items.map(bytesOf).join(',');
  }
  return bytesOf(typeof claim === 'object' ? JSON.stringify(claim) : String(claim));
}

/** An item that contains a comma must not look like two. */
function listItem(item: unknown): string {
  const text = typeof item === 'string' ? item : JSON.stringify(item);
  return text.replace(/[%,]/g, sign => (sign === ',' ? '%2C' : '%25'));
}

function bytesOf(text: string): string {
  if (plain.test(text)) return text;
  // Because: a field keeps no spaces at its ends, and `admin ` is another name than `admin`.
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

/** Of every gateway in which a filter identifies callers. */
export const identityHeaderPrefixes: readonly string[] = [CONSUMER_PREFIX];
