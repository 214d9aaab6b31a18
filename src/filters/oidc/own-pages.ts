// The paths that the filter serves itself, beside the callback: logouts by the user and by the provider.

import { collectBody } from '../../exchange/collect-body.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Reply } from '../../exchange/response.ts';
import { HeaderId } from '../../http/header-names.ts';
import { queryValue } from '../../http/query.ts';
import type { OidcConfig } from './config.ts';
import type { Provider } from './provider.ts';
import { isUnreachable } from './provider-trouble.ts';
import type { SessionKeeper } from './session-keeper.ts';

const LOGOUT_BODY_BYTES_MAX = 16_384;
/** How long a used logout token is remembered. It is refused as too old long before that. */
const ONCE_MS = 3_600_000;

const noStore = ['Cache-Control', 'no-store'] as const;

/**
 * Handles a call by the provider (OpenID Connect Back-Channel Logout section 2.5). Calls `onEnded` after sessions were ended. Rejects when
 * the token could not be verified or the sessions could not be ended, so that the provider tries again.
 */
export async function backchannelLogout(
  exchange: Exchange,
  provider: Provider,
  keeper: SessionKeeper,
  onEnded: () => void,
): Promise<Reply> {
  const { request } = exchange;
  const form = request.headers.getById(HeaderId.contentType)?.startsWith('application/x-www-form-urlencoded') === true;
  if (request.method !== 'POST' || !form) return refusal('expected a form');
  const body = await collectBody(exchange, LOGOUT_BODY_BYTES_MAX);
  const token = body === null ? undefined : queryValue(body.toString('latin1'), 'logout_token');
  if (token === undefined) return refusal('expected logout_token');
  let named: Awaited<ReturnType<Provider['readLogoutToken']>>;
  try {
    named = await provider.readLogoutToken(token);
  } catch (error) {
    if (isUnreachable(error)) throw error;
    return refusal('the logout token is not valid');
  }
  const { sid, sub, jti } = named;
  if (jti === '' || (await keeper.wasUsed(jti))) return refusal('it was used before');
  await keeper.endAll(sid === '' ? { sub } : { sid });
  // Because: a token counts as used only when it has taken effect. Two requests at once end the same sessions, which does no harm.
  await keeper.markUsed(jti, ONCE_MS);
  onEnded();
  return { status: 200, headers: [noStore] };
}

function refusal(description: string): Reply {
  const body = JSON.stringify({ error: 'invalid_request', error_description: description });
  return { status: 400, headers: [['Content-Type', 'application/json'], noStore], body };
}

/**
 * The session id in a request that the provider loads in a frame (OpenID Connect Front-Channel Logout section 2). Null when the query names
 * none, or another issuer.
 */
export function frontchannelSid({ request }: Exchange, { issuer }: OidcConfig): string | null {
  const sid = queryValue(request.query, 'sid');
  // Because: a session without an id would be that of an empty one, and anyone could make the browser end it.
  if (sid === undefined || sid === '') return null;
  return queryValue(request.query, 'iss') === issuer ? sid : null;
}
