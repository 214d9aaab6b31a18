// Finds the rule that a certificate meets. Exact rules are looked up, those with a star are tried in order; the first one in the list wins.

import { Login } from '../../exchange/identity/login.ts';
import type { ClientRule } from './config.ts';

/** What is known of a certificate, from the connection or from a proxy. */
export interface CertificateFacts {
  /** In RFC 2253 order; empty when the certificate has no subject. */
  readonly subject: string;
  readonly dnsNames: readonly string[];
  readonly uris: readonly string[];
  readonly emails: readonly string[];
  /** The one SPIFFE id; empty when there is none, or several. */
  readonly spiffeId: string;
  /** SHA-256 in lower-case hex; empty when it is not known. */
  readonly fingerprint: string;
}

export class ClientRules {
  private readonly rules: readonly ClientRule[];
  /** Index of the first rule for each kind and value. */
  private readonly exact = new Map<string, number>();
  /** Indexes of the rules with a star. */
  private readonly below: readonly number[];

  constructor(rules: readonly ClientRule[]) {
    this.rules = rules;
    this.below = rules.flatMap(({ spiffe, dns }, at) =>
      spiffe?.endsWith('/*') === true || dns?.startsWith('*.') === true ? [at] : [],
    );
    for (const [at, rule] of rules.entries()) {
      const value = `${kindOf(rule)} ${soughtValue(rule)}`;
      if (!this.below.includes(at) && !this.exact.has(value)) this.exact.set(value, at);
    }
  }

  /** The login for a certificate; null when no rule matches it. */
  find(facts: CertificateFacts): Login | null {
    let first = this.rules.length;
    const consider = (kind: string, value: string): void => {
      if (value !== '') first = Math.min(first, this.exact.get(`${kind} ${value}`) ?? first);
    };
    consider('fingerprint', facts.fingerprint);
    consider('spiffe', facts.spiffeId);
    consider('subject', facts.subject);
    for (const name of facts.dnsNames) consider('dns', name.toLowerCase());
    for (const uri of facts.uris) consider('uri', uri);
    for (const email of facts.emails) consider('email', email);
    for (const at of this.below) if (at < first && isBelow(this.rules[at]!, facts)) first = at;
    return first === this.rules.length ? null : loginFor(this.rules[first]!, facts);
  }
}

function kindOf({ spiffe, dns, uri, email, subject }: ClientRule): string {
  if (spiffe !== undefined) return 'spiffe';
  if (dns !== undefined) return 'dns';
  if (uri !== undefined) return 'uri';
  if (email !== undefined) return 'email';
  return subject === undefined ? 'fingerprint' : 'subject';
}

function soughtValue({ spiffe, dns, uri, email, subject, fingerprint }: ClientRule): string {
  return spiffe ?? dns ?? uri ?? email ?? subject ?? fingerprint ?? '';
}

function isBelow({ spiffe, dns }: ClientRule, { spiffeId, dnsNames }: CertificateFacts): boolean {
  if (spiffe !== undefined) {
    const folder = spiffe.slice(0, -1);
    return spiffeId.length > folder.length && spiffeId.startsWith(folder);
  }
  const suffix = dns!.slice(1);
  // The DNS name of a wildcard certificate is a pattern and does not name a client.
  return dnsNames.some(name => {
    const lower = name.toLowerCase();
    return lower.length > suffix.length && lower.endsWith(suffix) && !lower.includes('*');
  });
}

function loginFor(
  { consumer, scopes }: ClientRule,
  { spiffeId, subject, dnsNames, fingerprint }: CertificateFacts,
): Login {
  const name = spiffeId || subject || (dnsNames[0] ?? '');
  return new Login({ by: 'mtls', subject: name, keyId: fingerprint, scopes, claims: null }, consumer ?? null);
}
