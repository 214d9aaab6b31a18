// Session affinity: a word for each endpoint that a client brings back in a cookie. It says nothing of the inside: made with a secret, it
// cannot be turned into an address, nor can an address be tried against it.

import { createHmac } from 'node:crypto';
import type { Endpoint } from './endpoint.ts';

/** See `AffinityConfig` in src/config/admission-config.ts, to which this is structurally equal. */
export interface AffinitySpec {
  readonly cookie: string;
  /** Of the cookie; 0 for as long as the browser is open. */
  readonly ttlMs: number;
  readonly secret: string;
}

const WORD_LETTERS = 22;

/** 22 letters of base64url, the same on every gateway with the same secret. */
export function opaqueWord(secret: string, what: string): string {
  return createHmac('sha256', `cardea ${secret}`).update(what).digest('base64url').slice(0, WORD_LETTERS);
}

export class Affinity {
  readonly spec: AffinitySpec;
  /** What stands behind the word in `Set-Cookie`. */
  private readonly attributes: string;
  private readonly byWord: ReadonlyMap<string, Endpoint>;
  private readonly words: ReadonlyMap<Endpoint, string>;

  constructor(spec: AffinitySpec, upstreamName: string, endpoints: readonly Endpoint[]) {
    const usable = endpoints.filter(({ weight }) => weight > 0);
    const pairs = usable.map(each => [opaqueWord(spec.secret, `${upstreamName} ${each.key}`), each] as const);
    this.spec = spec;
    this.byWord = new Map(pairs);
    this.words = new Map(pairs.map(([word, endpoint]) => [endpoint, word]));
    const age = spec.ttlMs === 0 ? '' : `; Max-Age=${Math.ceil(spec.ttlMs / 1_000)}`;
    this.attributes = `; Path=/${age}; HttpOnly; SameSite=Lax`;
  }

  /** The endpoint that a client had before; undefined for one that is gone, and for a word that is made up. */
  find(word: string): Endpoint | undefined {
    return this.byWord.get(word);
  }

  /** The line that makes a client stick to this endpoint. */
  cookieFor(endpoint: Endpoint, secure: boolean): string {
    const word = this.words.get(endpoint) ?? '';
    return `${this.spec.cookie}=${word}${this.attributes}${secure ? '; Secure' : ''}`;
  }
}
