// The URL at which an issuer of tokens publishes its metadata.

/** OpenID Connect Discovery 1.0 section 4.1: a slash at the issuer's end is left out. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}
