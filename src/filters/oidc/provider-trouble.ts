// What went wrong with the provider, in words that hold nothing of what was sent: the library's errors may carry the provider's answer.

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { readonly code?: unknown }; // Because: the library's errors and the system's have one
  return typeof code === 'string' ? code : error.name;
}

/** Codes of the libraries for an answer that did not come in time, or was no 200 where keys were asked for. */
const awayCodes: ReadonlySet<string> = new Set(['OAUTH_TIMEOUT', 'ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC']);

/** Nothing came back, or that it cannot answer now: the provider is away, and has said neither yes nor no. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TypeError && error.message === 'fetch failed') return true;
  const { cause } = error;
  return awayCodes.has(reasonOf(error)) || (cause instanceof Response && (cause.status >= 500 || cause.status === 429));
}
