// Finds a claim by its path in a token, or in what an issuer says of a caller, and reads it as text. Shared by all filters that are
// configured with a claim, so that they agree.

type Members = Readonly<Record<string, unknown>>;

/**
 * The claim at a path such as `a.b.c`; undefined when there is none. A claim whose own name is the whole path comes first, for namespaced
 * names (`https://example.com/roles`). Where the path leads nowhere otherwise, inner names may contain dots as well:
 * `resource_access.orders.v2.roles` for a client `orders.v2`.
 */
export function claimAt(claims: Members | null, path: string): unknown {
  if (claims === null) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  const names = path.split('.');
  let value: unknown = claims;
  for (const name of names) {
    if (!has(value, name)) return names.length < 3 ? undefined : claimWithDottedNames(claims, path);
    value = value[name];
  }
  return value;
}

function claimWithDottedNames(value: unknown, path: string): unknown {
  if (has(value, path)) return value[path];
  for (let dot = path.lastIndexOf('.'); dot > 0; dot = path.lastIndexOf('.', dot - 1)) {
    const name = path.slice(0, dot);
    const found = has(value, name) ? claimWithDottedNames(value[name], path.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether the value is an object with an own member of this name; inherited members such as `constructor` do not count. */
function has(value: unknown, name: string): value is Members {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name);
}

/**
 * A claim as text. Accepts integers too, because some issuers give numbers where text is due (RFC 7519 section 4.1). Empty for anything
 * else, and for integers that JSON does not keep exactly.
 */
export function claimText(claim: unknown): string {
  if (typeof claim === 'string') return claim;
  return Number.isSafeInteger(claim) ? String(claim) : '';
}
