// What went wrong with the provider or the store, in words that hold nothing of what was sent: the library's errors may carry the provider's answer.

import { refusalCode } from '../../store/redis/refusal-code.ts';
import { StoreAway } from '../../store/store-away.ts';

/** Error codes of OAuth (RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6): words and nothing else. */
const oauthCode = /^[a-z_]{1,40}$/;

/** What went wrong, with the provider's own word for it, its status, or what the system says of the connection. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof StoreAway) return error.message;
  const refusal = refusalCode(error);
  if (refusal !== null) return `the store refuses: ${refusal}`;
  const said = oauthErrorOf(error);
  if (said !== '') return `${codeOf(error)} (${said})`;
  const { cause } = error;
  const status = statusOf(error);
  if (status !== 0) return `${codeOf(error)} (${status})`;
  return cause instanceof Error ? `${codeOf(error)} (${codeOf(cause)})` : codeOf(error);
}

/** The provider's word for why it refused; empty where it said none. */
export function oauthErrorOf(error: unknown): string {
  const { error: said } = error as { readonly error?: unknown }; // Because: the library's errors have one
  return typeof said === 'string' && oauthCode.test(said) ? said : '';
}

function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown }; // Because: the library's errors and the system's have one
  return typeof code === 'string' ? code : error.name;
}

/** Codes of the libraries for an answer that did not come in time, or was no 200 where keys were asked for. */
const awayCodes: ReadonlySet<string> = new Set(['OAUTH_TIMEOUT', 'ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC']);

/** What a token endpoint says of the gateway as its client, and not of what a user's browser brought (RFC 6749 section 5.2). */
const clientErrors: ReadonlySet<unknown> = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type']);
const CHALLENGE = 'OAUTH_WWW_AUTHENTICATE_CHALLENGE';

/** What a provider that is not well has the browser bring in place of a code, since a redirect has no status of its own (section 4.1.2.1). */
const redirectedTrouble: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error']);
const REDIRECTED = 'AuthorizationResponseError';

/**
 * Whether the login at the provider was left alone for too long, or ended by one in another tab: Keycloak sends the browser back then, for the
 * login to begin once more.
 */
export function wantsNewLogin(error: unknown): boolean {
  // Because: the library's errors have one.
  const { name, error_description: description } = error as { name?: unknown; error_description?: unknown };
  return name === REDIRECTED && description === 'authentication_expired';
}

/**
 * Nothing came back, or that it cannot answer now, or not to this client, whose secret was changed, say: to what was shown the provider
 * has said neither yes nor no.
 */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TypeError && error.message === 'fetch failed') return true;
  if (codeOf(error) === CHALLENGE || isOfClient(error)) return true;
  if (error.name === REDIRECTED && redirectedTrouble.has(oauthErrorOf(error))) return true;
  const status = statusOf(error);
  // Because: who asks too often is told so by any error that the provider likes, and may ask again.
  return awayCodes.has(codeOf(error)) || status >= 500 || status === 429;
}

/** Of the answer that an error is about; 0 where there is none. */
function statusOf(error: Error): number {
  const { status, cause } = error as { readonly status?: unknown; readonly cause?: unknown }; // Because: the library's errors have one
  if (typeof status === 'number') return status;
  return cause instanceof Response ? cause.status : 0;
}

function isOfClient(error: Error): boolean {
  // Because: the library's errors have one where the provider's answer has. What stands in a callback's query anybody can write there.
  return error.name === 'ResponseBodyError' && clientErrors.has((error as { readonly error?: unknown }).error);
}
