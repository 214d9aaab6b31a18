// Reads the scopes from a token, or from what its issuer says of a caller, in the forms that issuers use.

/** The last result, since the tokens of most callers hold the same scopes. */
let last: { readonly text: string; readonly scopes: readonly string[] } = { text: '', scopes: [] };

/**
 * The scopes in `scope`, separated by spaces (RFC 9068 section 2.2.3, RFC 7662 section 2.2), or in `scp`, or in a list, as some issuers
 * have it. Empty for none.
 */
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
