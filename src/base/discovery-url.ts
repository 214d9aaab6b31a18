// The URL at which a token issuer publishes its metadata.

/** Follows OpenID Connect Discovery 1.0 section 4.1: a slash at the end of the issuer is removed first. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}
