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
  const status = statusOf(error);
  // Because: who asks too often is told so by any error that the provider likes, and may ask again.
  return awayCodes.has(reasonOf(error)) || status >= 500 || status === 429;
}

/** Of the answer that an error is about; 0 where there is none. */
function statusOf(error: Error): number {
  const { status, cause } = error as { readonly status?: unknown; readonly cause?: unknown }; // Because: the library's errors have one
  if (typeof status === 'number') return status;
  return cause instanceof Response ? cause.status : 0;
}
