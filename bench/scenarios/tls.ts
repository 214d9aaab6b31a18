// TLS towards clients, with the same certificate for every proxy: kept-alive requests, long bodies, and new connections with full and with
// resumed handshakes.

import { bodies, bodyHash } from '../backend/bodies.ts';
import type { LoadRequest } from '../load/load.ts';
import type { Scenario } from '../scenario.ts';
import { loadScenario } from './load-scenario.ts';

const { small, large } = bodies;

export const tlsScenarios: readonly Scenario[] = [
  tls('tls-small-get', 'TLS 1.3: small GET (1 KB), kept-alive connections', ['get', small.path], small, true),
  tls('tls-down-1m', 'TLS 1.3: 1 MiB down', ['get', large.path], large),
  tls(
    'tls-handshakes',
    'TLS 1.3: small GET, each on a new connection with a full handshake',
    ['handshake', small.path],
    small,
  ),
  tls(
    'tls-resumed',
    'TLS 1.3: small GET, each on a new connection that resumes a session',
    ['resume', small.path],
    small,
  ),
];

function tls(
  name: string,
  title: string,
  request: LoadRequest,
  { path, bytes }: { path: string; bytes: number },
  logVariants = false,
): Scenario {
  const answer = { path, bytes, hash: bodyHash(bytes) };
  const variants = [{ name: '', setup: { tls: true }, request, answer }];
  return loadScenario({ name, title, needs: 'tls', logVariants, variants });
}
