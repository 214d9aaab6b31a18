// Where a claim stands in what a token or its issuer says of a caller, and what it names. One reading for every filter that is configured with
// a claim.

/** The claim at `a.b.c`; a claim whose own name holds dots goes first, as namespaced ones (`https://example.com/roles`) do. */
export function claimAt(claims: Readonly<Record<string, unknown>> | null, path: string): unknown {
  if (claims === null) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    // Because: it is an object that has this member of its own.
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

/** Some issuers number what should have a name (RFC 7519 section 4.1). Empty for what is neither text nor a number that JSON keeps. */
export function claimText(claim: unknown): string {
  if (typeof claim === 'string') return claim;
  return Number.isSafeInteger(claim) ? String(claim) : '';
}
