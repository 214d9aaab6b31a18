// What a health check needs to speak TLS to an endpoint: the upstream's own settings, read from their files when they are older than a minute.

import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext } from 'node:tls';
import { ClientTls } from '../../net/tls/client-tls.ts';

/** See `UpstreamTlsConfig` in src/config/config.ts, to which this is structurally equal. */
export interface UpstreamTls {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly serverName: string | null;
  readonly verify: boolean;
}

const FRESH_MS = 60_000;
const contexts = new WeakMap<UpstreamTls, { readonly at: number; readonly context: SecureContext }>();

/** As connections of requests take it. Rejects when a file cannot be read or is no certificate. */
export async function clientTlsOf(tls: UpstreamTls): Promise<ClientTls> {
  const { serverName, verify } = tls;
  // What fails is told as the check's outcome.
  const client = new ClientTls('', () => {});
  const material = { ca: null, cert: null, key: null, serverName, verify, protocols: [] };
  client.become({ material, context: await secureContextOf(tls) });
  return client;
}

/** Rejects when a file cannot be read or is no certificate. */
export async function secureContextOf(tls: UpstreamTls): Promise<SecureContext> {
  const known = contexts.get(tls);
  // Because: checks run in the supervisor, off the path of requests.
  const now = performance.now();
  if (known !== undefined && now - known.at < FRESH_MS) return known.context;
  const [ca, cert, key] = await Promise.all(
    [tls.ca, tls.cert, tls.key].map(path => (path === null ? null : readFile(path))),
  );
  const context = createSecureContext({ ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) });
  contexts.set(tls, { at: now, context });
  return context;
}
