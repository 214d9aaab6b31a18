// What went wrong with the provider, in words that hold nothing of what was sent: the library's errors may carry the provider's answer.

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { code } = error as { readonly code?: unknown }; // Because: the library's errors and the system's have one
  return typeof code === 'string' ? code : error.name;
}

/** Nothing came back: the provider is away. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof TypeError && error.message === 'fetch failed') return true;
  return reasonOf(error) === 'OAUTH_TIMEOUT';
}
