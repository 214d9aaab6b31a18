// Where a claim stands in what a token or its issuer says of a caller, and what it names. One reading for every filter that is configured with
// a claim.

type Members = Readonly<Record<string, unknown>>;

/**
 * The claim at `a.b.c`; a claim whose own name holds dots goes first, as namespaced ones (`https://example.com/roles`) do. Names inside may
 * hold dots as well where nothing stands at the path otherwise: `resource_access.orders.v2.roles` of a client `orders.v2`.
 */
export function claimAt(claims: Members | null, path: string): unknown {
  if (claims === null) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  const names = path.split('.');
  let value: unknown = claims;
  for (const name of names) {
    if (!has(value, name)) return names.length < 3 ? undefined : dottedAt(claims, path);
    value = value[name];
  }
  return value;
}

function dottedAt(value: unknown, path: string): unknown {
  if (has(value, path)) return value[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    const found = has(value, name) ? dottedAt(value[name], path.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An own member only: every object has others. */
function has(value: unknown, name: string): value is Members {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}

/** Some issuers number what should have a name (RFC 7519 section 4.1). Empty for what is neither text nor a number that JSON keeps. */
export function claimText(claim: unknown): string {
  if (typeof claim === 'string') return claim;
  return Number.isSafeInteger(claim) ? String(claim) : '';
}
