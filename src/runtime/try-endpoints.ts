// Tries at the start whether the configured endpoints accept connections: one connection to each endpoint without a health check, and one
// log line for each that cannot be reached. Has no effect on balancing: an endpoint may well come up later.

import { connect } from 'node:net';
import { connectPlace } from '../net/connect-place.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import type { EndpointSpec } from '../upstream/endpoint.ts';

/** Further endpoints are not tried: with so many, health checks or failing requests show which are down. */
const ENDPOINTS_MAX = 256;
const AT_ONCE = 16;

export interface UpstreamToTry {
  readonly upstream: { readonly name: string; readonly pool: { readonly connectTimeoutMs: number } };
  readonly endpoints: readonly EndpointSpec[];
}

/** Resolves when all endpoints were tried. Does not keep the process alive. */
export async function tryEndpoints(
  members: readonly UpstreamToTry[],
  log: (level: LogLevel, message: string, fields?: LogFields) => void,
): Promise<void> {
  const queue = members.flatMap(({ upstream, endpoints }) => endpoints.map(endpoint => ({ upstream, endpoint })));
  const next = queue.slice(0, ENDPOINTS_MAX).values();
  const tryNext = async (): Promise<void> => {
    for (const { upstream, endpoint } of next) {
      const reason = await whyUnreachable(endpoint, upstream.pool.connectTimeoutMs);
      if (reason === '') continue;
      log('warn', 'endpoint cannot be reached', { upstream: upstream.name, endpoint: endpoint.url, reason });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, tryNext));
}

/** Empty when the connection was accepted, otherwise the reason. */
function whyUnreachable({ host, address, port }: EndpointSpec, timeoutMs: number): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(connectPlace(address ?? host, port));
    socket.unref();
    const end = (reason: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(reason);
    };
    // Because: this runs in the supervisor, which has no timer wheel.
    const timer = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs).unref();
    socket.once('connect', () => end(''));
    socket.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message));
  });
}
