// Verifies a request signed as in AWS Signature Version 4, in its head or in its query: key, scope, time, signature. Returns the digest that
// the body must have, and reads no body.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Exchange } from '../../exchange/exchange.ts';
import { MALFORMED, takeScheme } from '../../exchange/identity/credential.ts';
import { Login } from '../../exchange/identity/login.ts';
import { type PresignedQuery, readPresigned } from './aws-presigned.ts';
import {
  AWS_SCHEME,
  type AwsAuthorization,
  awsSignature,
  canonicalRequest,
  EMPTY_SHA256,
  parseAwsAuthorization,
  type SignedParts,
  signingKey,
  stringToSign,
} from './aws-v4.ts';
import type { AwsSignatureConfig } from './config.ts';
import type { ExpectedDigest } from './content-digest.ts';
import type { Claimed, Verdict } from './verdict.ts';

const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';

/** One secret, and the login that it gives. */
class AwsKey {
  readonly login: Login;
  private readonly secret: string;
  private readonly scope: Pick<AwsSignatureConfig, 'region' | 'service'>;
  /** The day of `derived`, the key that was derived last. */
  private day: string;
  private derived: Buffer;

  constructor({ id, secret, consumer, scopes }: AwsSignatureConfig['keys'][number], scope: AwsKey['scope']) {
    this.login = new Login({ by: 'signature', subject: id, keyId: id, scopes, claims: null }, consumer ?? null);
    this.secret = secret;
    this.scope = scope;
    this.day = '';
    this.derived = Buffer.alloc(0);
  }

  of(date: string): Buffer {
    if (date !== this.day) {
      this.derived = signingKey(this.secret, date, this.scope.region, this.scope.service);
      this.day = date;
    }
    return this.derived;
  }
}

export class AwsVerifier {
  private readonly config: AwsSignatureConfig;
  private readonly keys: ReadonlyMap<string, AwsKey>;
  /** Headers that must be signed, and those of links, whose time is in the query. */
  private readonly required: readonly string[];
  private readonly requiredOfLinks: readonly string[];

  constructor(config: AwsSignatureConfig) {
    this.config = config;
    this.keys = new Map(config.keys.map(key => [key.id, new AwsKey(key, config)]));
    this.requiredOfLinks = ['host', ...config.signedHeaders];
    this.required = ['x-amz-date', ...this.requiredOfLinks];
  }

  read(exchange: Exchange): Claimed {
    const taken = takeScheme(exchange, AWS_SCHEME.toLowerCase());
    const link = this.config.presigned === 0 ? null : readPresigned(exchange.request.rawQuery);
    if (link !== null) {
      // Because: of two signatures, a backend may verify the other one.
      if (link === 'malformed' || taken !== null) return 'malformed';
      return { keyId: link.authorization.keyId, verify: nowMs => this.verifyLink(exchange, link, nowMs) };
    }
    if (taken === null) return 'missing';
    const authorization = taken === MALFORMED ? null : parseAwsAuthorization(taken);
    if (authorization === null) return 'malformed';
    return { keyId: authorization.keyId, verify: nowMs => this.verify(exchange, authorization, nowMs) };
  }

  private verify(exchange: Exchange, authorization: AwsAuthorization, nowMs: number): Verdict {
    const { window } = this.config;
    const { request } = exchange;
    const flaw = this.scopeFlaw(authorization, this.required);
    if (flaw !== null) return flaw;
    const times = request.headers.getAll('x-amz-date');
    const signedAtMs = times.length === 1 ? parseAmzDate(times[0]!) : null;
    if (signedAtMs === null || !times[0]!.startsWith(authorization.date)) return 'malformed';
    if (signedAtMs < nowMs - window) return 'expired';
    if (signedAtMs > nowMs + window) return 'notYetValid';
    const payload = this.payloadHash(exchange);
    if (payload === null) return 'unsignedBody';
    const key = this.keys.get(authorization.keyId);
    if (key === undefined) return 'unknown';
    const text = this.signedText(request, authorization, times[0]!, payload);
    if (text === null) return 'malformed';
    if (!isSignedBy(key, authorization, text)) return 'mismatch';
    return {
      login: key.login,
      fingerprint: createHash('sha256').update(`${authorization.keyId}\n${text}`, 'latin1').digest(),
      expiresS: Math.ceil((signedAtMs + window) / 1_000),
      body: bodyDigest(payload),
    };
  }

  private verifyLink(exchange: Exchange, link: PresignedQuery, nowMs: number): Verdict {
    const { window, presigned } = this.config;
    const { authorization, time, lifeS, signedQuery } = link;
    const flaw = this.scopeFlaw(authorization, this.requiredOfLinks);
    if (flaw !== null) return flaw;
    const signedAtMs = parseAmzDate(time);
    if (signedAtMs === null || !time.startsWith(authorization.date)) return 'malformed';
    const endsAtMs = signedAtMs + lifeS * 1_000;
    if (lifeS * 1_000 > presigned) return 'wrongClaims';
    if (endsAtMs <= nowMs) return 'expired';
    if (signedAtMs > nowMs + window) return 'notYetValid';
    const payloads = this.payloadHashesOfLink(exchange);
    if (payloads.length === 0) return 'unsignedBody';
    const key = this.keys.get(authorization.keyId);
    if (key === undefined) return 'unknown';
    const { method, rawPath, headers, authority } = exchange.request;
    const request = { method, rawPath, rawQuery: signedQuery, headers, authority };
    for (const payload of payloads) {
      const text = this.signedText(request, authorization, time, payload);
      if (text === null) return 'malformed';
      if (isSignedBy(key, authorization, text))
        return {
          login: key.login,
          fingerprint: null,
          expiresS: Math.ceil(endsAtMs / 1_000),
          body: bodyDigest(payload),
        };
    }
    return 'mismatch';
  }

  private scopeFlaw(
    authorization: AwsAuthorization,
    required: readonly string[],
  ): 'wrongAudience' | 'wrongClaims' | null {
    const { region, service } = this.config;
    if (authorization.region !== region || authorization.service !== service) return 'wrongAudience';
    return required.every(name => authorization.signedHeaders.includes(name)) ? null : 'wrongClaims';
  }

  /** The text whose signature is expected; null when a signed header is missing. */
  private signedText(
    request: SignedParts,
    authorization: AwsAuthorization,
    time: string,
    payload: string,
  ): string | null {
    const canonical = canonicalRequest(request, authorization.signedHeaders, payload, this.config.pathEncoding);
    return canonical === null ? null : stringToSign(time, authorization, canonical);
  }

  /** A link does not say what was signed for its body: S3's signers sign that it may be any, others that there is none. */
  private payloadHashesOfLink(exchange: Exchange): readonly string[] {
    const { headers, hasBody } = exchange.request;
    if (headers.has('x-amz-content-sha256')) {
      const said = this.payloadHash(exchange);
      return said === null ? [] : [said];
    }
    if (!hasBody) return [EMPTY_SHA256, UNSIGNED_PAYLOAD];
    return this.config.unsignedPayload ? [UNSIGNED_PAYLOAD] : [];
  }

  /**
   * The payload hash of the canonical request. Null when it does not allow checking the body: there is none, or the body is signed chunk by
   * chunk.
   */
  private payloadHash({ request }: Exchange): string | null {
    const said = request.headers.getAll('x-amz-content-sha256');
    if (said.length === 0) return request.hasBody ? null : EMPTY_SHA256;
    if (said.length > 1) return null;
    if (said[0] === UNSIGNED_PAYLOAD) return this.config.unsignedPayload ? UNSIGNED_PAYLOAD : null;
    return /^[0-9a-f]{64}$/.test(said[0]!) ? said[0]! : null;
  }
}

function isSignedBy(key: AwsKey, { date, signature }: AwsAuthorization, text: string): boolean {
  return timingSafeEqual(awsSignature(key.of(date), text), Buffer.from(signature, 'hex'));
}

function bodyDigest(payload: string): readonly ExpectedDigest[] | null {
  return payload === UNSIGNED_PAYLOAD ? null : [{ hash: 'sha256', value: Buffer.from(payload, 'hex') }];
}

/** Parses `20150830T123600Z` to milliseconds since 1970; null for another form or a day that does not exist. */
export function parseAmzDate(text: string): number | null {
  const [, year, month, day, hour, minute, second] =
    /^([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})([0-9]{2})Z$/.exec(text) ?? [];
  if (second === undefined) return null;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const ms = Date.parse(`${iso}Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== iso ? null : ms;
}
