// Verifies a request signed by RFC 9421: which signature counts, what it covers, when it was made, and by which key.

import { createHash } from 'node:crypto';
import type { Exchange } from '../../exchange/exchange.ts';
import { Login } from '../../exchange/identity/login.ts';
import type { LoginFailure } from '../../exchange/identity/login-desk.ts';
import type { MessageSignatureConfig } from './config.ts';
import { type ExpectedDigest, parseContentDigest } from './content-digest.ts';
import { signatureBase } from './signature-base.ts';
import { SignatureKey } from './signature-key.ts';
import { type InnerList, isInnerList, parseDictionary } from './structured-dictionary.ts';
import type { Claimed, Verdict } from './verdict.ts';

interface KnownKey {
  readonly key: SignatureKey;
  readonly login: Login;
}

interface Chosen {
  readonly covered: InnerList;
  readonly signature: Buffer;
}

/** The maximum number of components; a signature with more is malformed. */
const COMPONENTS_MAX = 64;

export class MessageVerifier {
  private readonly config: MessageSignatureConfig;
  private readonly keys: ReadonlyMap<string, KnownKey>;

  /** Throws a TypeError for a key that cannot be used. */
  constructor(config: MessageSignatureConfig) {
    this.config = config;
    this.keys = new Map(
      config.keys.map(key => [
        key.id,
        {
          key: new SignatureKey(
            key.algorithm,
            key.publicKey ?? Buffer.from(key.secret!, key.secretEncoding === 'base64' ? 'base64' : 'utf8'),
          ),
          login: new Login(
            { by: 'signature', subject: key.id, keyId: key.id, scopes: key.scopes, claims: null },
            key.consumer ?? null,
          ),
        },
      ]),
    );
  }

  read(exchange: Exchange): Claimed {
    const { headers } = exchange.request;
    const inputs = headers.getJoined('signature-input');
    const signatures = headers.getJoined('signature');
    if (inputs === undefined && signatures === undefined) return 'missing';
    const chosen = inputs === undefined || signatures === undefined ? null : this.choose(inputs, signatures);
    if (chosen === null) return 'malformed';
    const id = chosen.covered.parameters.get('keyid');
    const keyId = typeof id === 'string' ? id : '';
    return { keyId, verify: nowMs => this.verify(exchange, chosen, keyId, nowMs) };
  }

  private verify(exchange: Exchange, { covered, signature }: Chosen, keyId: string, nowMs: number): Verdict {
    const { hasBody } = exchange.request;
    const wrong = this.wrongParameters(covered, nowMs);
    if (wrong !== null) return wrong;
    const names = covered.items.map(({ value }) => value);
    if (!this.config.components.every(component => covers(names, component))) return 'wrongClaims';
    const { contentDigest, window } = this.config;
    const coversBody = names.includes('content-digest');
    if (hasBody && !coversBody && contentDigest === 'required') return 'unsignedBody';
    const body = coversBody && contentDigest !== 'off' ? digestOf(exchange) : null;
    if (body === undefined) return 'malformed';
    const { parameters } = covered;
    const known = this.keys.get(keyId);
    if (known === undefined) return 'unknown';
    const claimed = parameters.get('alg');
    if (claimed !== undefined && claimed !== known.key.algorithm) return 'mismatch';
    const base = signatureBase({ request: exchange.request, scheme: exchange.client.scheme }, covered);
    if (base === null) return 'malformed';
    const data = Buffer.from(base, 'latin1');
    if (!known.key.verifies(data, signature)) return 'mismatch';
    // Because: it is made of the signed data, not of the signature: from one ECDSA signature anybody can make a second valid one.
    const fingerprint = createHash('sha256').update(keyId).update('\n').update(data).digest();
    return { login: known.login, fingerprint, expiresS: Math.ceil((createdMs(covered) + window) / 1_000), body };
  }

  private choose(inputs: string, signatures: string): Chosen | null {
    const covered = parseDictionary(inputs);
    const values = parseDictionary(signatures);
    if (covered === null || values === null) return null;
    const { label = covered.size === 1 ? [...covered.keys()][0] : undefined } = this.config;
    if (label === undefined) return null;
    const input = covered.get(label);
    const value = values.get(label);
    if (input === undefined || value === undefined || !isInnerList(input) || isInnerList(value)) return null;
    if (!Buffer.isBuffer(value.value) || input.items.length > COMPONENTS_MAX) return null;
    return { covered: input, signature: value.value };
  }

  private wrongParameters(covered: InnerList, nowMs: number): LoginFailure | null {
    const { parameters } = covered;
    const { nonce, tag, window } = this.config;
    for (const name of ['created', 'expires'])
      if (parameters.has(name) && typeof parameters.get(name) !== 'number') return 'malformed';
    for (const name of ['keyid', 'alg', 'nonce', 'tag'])
      if (parameters.has(name) && typeof parameters.get(name) !== 'string') return 'malformed';
    if (!parameters.has('created') || !parameters.has('keyid')) return 'wrongClaims';
    if (nonce && (parameters.get('nonce') ?? '') === '') return 'wrongClaims';
    if (tag !== undefined && parameters.get('tag') !== tag) return 'wrongAudience';
    const created = createdMs(covered);
    if (created < nowMs - window) return 'expired';
    if (created > nowMs + window) return 'notYetValid';
    const expires = parameters.get('expires');
    return typeof expires === 'number' && expires * 1_000 <= nowMs ? 'expired' : null;
  }
}

function createdMs({ parameters }: InnerList): number {
  return Number(parameters.get('created')) * 1_000;
}

/** Whether a signature over `names` covers the component, directly or by a component that includes it. */
function covers(names: readonly unknown[], component: string): boolean {
  if (names.includes(component)) return true;
  switch (component) {
    case '@path':
    case '@query':
      return names.includes('@target-uri') || names.includes('@request-target');
    case '@authority':
      return names.includes('@target-uri') || names.includes('host');
    case '@scheme':
      return names.includes('@target-uri');
  }
  return false;
}

/** The digests of the Content-Digest field; undefined when the field is missing, malformed, or names no known algorithm. */
function digestOf({ request }: Exchange): readonly ExpectedDigest[] | undefined {
  const text = request.headers.getJoined('content-digest');
  return text === undefined ? undefined : (parseContentDigest(text) ?? undefined);
}
