// Session affinity: an opaque token for each endpoint that a client brings back in a cookie. The token reveals nothing internal: it is
// an HMAC with a secret, so it cannot be turned back into an address, nor can a guessed address be checked against it.

import { createHmac } from 'node:crypto';
import type { Endpoint } from './endpoint.ts';

/** See `AffinityConfig` in src/config/admission-config.ts, to which this is structurally equal. */
export interface AffinitySpec {
  readonly cookie: string;
  /** Lifetime of the cookie; 0 makes it a session cookie, which lasts until the browser is closed. */
  readonly ttlMs: number;
  readonly secret: string;
}

const TOKEN_LETTERS = 22;

/** 22 characters of base64url that stand for `what`; the same on every gateway with the same secret. */
export function opaqueToken(secret: string, what: string): string {
  return createHmac('sha256', `cardea ${secret}`).update(what).digest('base64url').slice(0, TOKEN_LETTERS);
}

export class Affinity {
  readonly spec: AffinitySpec;
  /** What follows the token in `Set-Cookie`. */
  private readonly attributes: string;
  private readonly endpoints: ReadonlyMap<string, Endpoint>;
  private readonly tokens: ReadonlyMap<Endpoint, string>;

  constructor(spec: AffinitySpec, upstreamName: string, endpoints: readonly Endpoint[]) {
    const usable = endpoints.filter(({ weight }) => weight > 0);
    const pairs = usable.map(each => [opaqueToken(spec.secret, `${upstreamName} ${each.key}`), each] as const);
    this.spec = spec;
    this.endpoints = new Map(pairs);
    this.tokens = new Map(pairs.map(([token, endpoint]) => [endpoint, token]));
    const age = spec.ttlMs === 0 ? '' : `; Max-Age=${Math.ceil(spec.ttlMs / 1_000)}`;
    this.attributes = `; Path=/${age}; HttpOnly; SameSite=Lax`;
  }

  /** The endpoint that a client had before; undefined when that endpoint is gone, has weight 0, or the token is made up. */
  byToken(token: string): Endpoint | undefined {
    return this.endpoints.get(token);
  }

  /** The value of the `Set-Cookie` field that makes a client stick to this endpoint. */
  cookieFor(endpoint: Endpoint, secure: boolean): string {
    const token = this.tokens.get(endpoint) ?? '';
    return `${this.spec.cookie}=${token}${this.attributes}${secure ? '; Secure' : ''}`;
  }
}
