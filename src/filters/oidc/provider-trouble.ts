// Describes failures of the provider or the store without anything that was sent: the library's errors may contain the provider's response.

import { refusalCode } from '../../store/redis/refusal-code.ts';
import { StoreAway } from '../../store/store-away.ts';

/**
 * Error codes of OAuth (RFC 6749 sections 4.1.2.1 and 5.2, OpenID Connect Core section 3.1.2.6): safe to log, since only letters and `_`
 * match.
 */
const oauthCode = /^[a-z_]{1,40}$/;

/** What went wrong, with the provider's error code, its status, or the system's code for the connection. */
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

/** The provider's error code; empty when there is none. */
export function oauthErrorOf(error: unknown): string {
  const { error: said } = error as { readonly error?: unknown }; // Because: the library's errors have one
  return typeof said === 'string' && oauthCode.test(said) ? said : '';
}

function codeOf(error: Error): string {
  const { code } = error as { readonly code?: unknown }; // Because: the library's errors and the system's have one
  return typeof code === 'string' ? code : error.name;
}

/** Codes of the libraries for a response that did not arrive in time, or had a status other than 200 when keys were fetched. */
const awayCodes: ReadonlySet<string> = new Set(['OAUTH_TIMEOUT', 'ERR_JWKS_TIMEOUT', 'ERR_JOSE_GENERIC']);

/** Errors of a token endpoint about the gateway as its client, not about what the user's browser brought (RFC 6749 section 5.2). */
const clientErrors: ReadonlySet<unknown> = new Set(['invalid_client', 'unauthorized_client', 'unsupported_grant_type']);
const CHALLENGE = 'OAUTH_WWW_AUTHENTICATE_CHALLENGE';

/**
 * Errors that a failing provider sends through the browser in place of a code, since a redirect has no status of its own (section 4.1.2.1).
 */
const redirectedTrouble: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error']);
const REDIRECTED = 'AuthorizationResponseError';

/**
 * Whether the login at the provider expired, or was ended by a login in another tab: Keycloak then sends the browser back to start the
 * login again.
 */
export function wantsNewLogin(error: unknown): boolean {
  // Because: the library's errors have both members.
  const { name, error_description: description } = error as { name?: unknown; error_description?: unknown };
  return name === REDIRECTED && description === 'authentication_expired';
}

/**
 * Whether the provider gave no verdict on what it was shown: it did not respond, cannot respond now, or refuses this client, for example
 * because the client secret was changed.
 */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof TypeError && error.message === 'fetch failed') return true;
  if (codeOf(error) === CHALLENGE || isOfClient(error)) return true;
  if (error.name === REDIRECTED && redirectedTrouble.has(oauthErrorOf(error))) return true;
  const status = statusOf(error);
  // Because: a provider may report any error to a client that asks too often, and the client may ask again later.
  return awayCodes.has(codeOf(error)) || status >= 500 || status === 429;
}

/** The status of the response that an error is about; 0 when there is none. */
function statusOf(error: Error): number {
  const { status, cause } = error as { readonly status?: unknown; readonly cause?: unknown }; // Because: the library's errors have one
  if (typeof status === 'number') return status;
  return cause instanceof Response ? cause.status : 0;
}

function isOfClient(error: Error): boolean {
  // Because: the library's errors have one if the provider's response has. A callback's query does not count: anyone can write it.
  return error.name === 'ResponseBodyError' && clientErrors.has((error as { readonly error?: unknown }).error);
}
