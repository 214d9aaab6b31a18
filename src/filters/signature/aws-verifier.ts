// Verifies a request signed as in AWS Signature Version 4: key, scope, time, signature. Returns the digest that the body must have, and
// reads no body.

import { createHash, timingSafeEqual } from 'node:crypto';
import { MALFORMED, takeScheme } from '../../exchange/credential.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { Login } from '../../exchange/login.ts';
import {
  AWS_SCHEME,
  type AwsAuthorization,
  awsSignature,
  canonicalRequest,
  EMPTY_SHA256,
  parseAwsAuthorization,
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
  private readonly required: readonly string[];

  constructor(config: AwsSignatureConfig) {
    this.config = config;
    this.keys = new Map(config.keys.map(key => [key.id, new AwsKey(key, config)]));
    this.required = ['host', 'x-amz-date', ...config.signedHeaders];
  }

  read(exchange: Exchange): Claimed {
    const taken = takeScheme(exchange, AWS_SCHEME.toLowerCase());
    if (taken === null) return 'missing';
    const authorization = taken === MALFORMED ? null : parseAwsAuthorization(taken);
    if (authorization === null) return 'malformed';
    return { keyId: authorization.keyId, verify: nowMs => this.verify(exchange, authorization, nowMs) };
  }

  private verify(exchange: Exchange, authorization: AwsAuthorization, nowMs: number): Verdict {
    const { region, service, window } = this.config;
    const { request } = exchange;
    if (authorization.region !== region || authorization.service !== service) return 'wrongAudience';
    if (!this.required.every(name => authorization.signedHeaders.includes(name))) return 'wrongClaims';
    const times = request.headers.getAll('x-amz-date');
    const signedAtMs = times.length === 1 ? parseAmzDate(times[0]!) : null;
    if (signedAtMs === null || !times[0]!.startsWith(authorization.date)) return 'malformed';
    if (signedAtMs < nowMs - window) return 'expired';
    if (signedAtMs > nowMs + window) return 'notYetValid';
    const payload = this.payloadHash(exchange);
    if (payload === null) return 'unsignedBody';
    const key = this.keys.get(authorization.keyId);
    if (key === undefined) return 'unknown';
    return this.verifySignature(exchange, authorization, key, times[0]!, signedAtMs, payload);
  }

  private verifySignature(
    { request }: Exchange,
    authorization: AwsAuthorization,
    key: AwsKey,
    time: string,
    signedAtMs: number,
    payload: string,
  ): Verdict {
    const canonical = canonicalRequest(request, authorization.signedHeaders, payload, this.config.pathEncoding);
    if (canonical === null) return 'malformed';
    const text = stringToSign(time, authorization, canonical);
    const expected = awsSignature(key.of(authorization.date), text);
    if (!timingSafeEqual(expected, Buffer.from(authorization.signature, 'hex'))) return 'mismatch';
    return {
      login: key.login,
      fingerprint: createHash('sha256').update(`${authorization.keyId}\n${text}`, 'latin1').digest(),
      expiresS: Math.ceil((signedAtMs + this.config.window) / 1_000),
      body: bodyDigest(payload),
    };
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
