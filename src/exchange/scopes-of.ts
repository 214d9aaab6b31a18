// The scopes in what a token or its issuer says of a caller, in the forms that issuers have for them.

/** The tokens of most callers hold the same scopes. */
let last: { readonly text: string; readonly scopes: readonly string[] } = { text: '', scopes: [] };

/** `scope` with spaces between (RFC 9068 section 2.2.3, RFC 7662 section 2.2), or `scp`, or a list, as some issuers have it. */
export function scopesOf({ scope, scp }: Readonly<Record<string, unknown>>): readonly string[] {
  const claim = scope ?? scp;
  if (typeof claim === 'string') {
    if (claim === last.text) return last.scopes;
    const split = claim.split(' ');
    const scopes = split.includes('') ? split.filter(each => each !== '') : split;
    last = { text: claim, scopes };
    return scopes;
  }
  return Array.isArray(claim) ? claim.filter(each => typeof each === 'string') : [];
}
