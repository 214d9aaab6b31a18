// Which addresses the gateway listens on, by their name in the configuration and the port that they really got.

import { createServer } from 'node:net';
import type { ListenerConfig } from '../config/config.ts';
import { listenerKeys } from '../config/listener-keys.ts';
import type { TlsMaterial } from '../net/tls/tls-material.ts';
import type { ListenOrder } from './messages.ts';

/** An address with its real port, as the ready line and /config show it. */
export interface BoundAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Orders for these listeners. A listener that `serving` has under the same address keeps its real port. `tls` is in
 * the order of `listeners`.
 */
export function listenOrders(
  listeners: readonly ListenerConfig[],
  tls: TlsMaterial['listeners'],
  serving: readonly ListenOrder[],
): ListenOrder[] {
  const portByKey = new Map(serving.map(({ key, port }) => [key, port]));
  const keys = listenerKeys(listeners);
  return listeners.map((listener, at) => {
    const { host, port, proxyProtocol, trustedProxies, keepsClientCertificateHeaders, protocols, http2 } = listener;
    const key = keys[at]!;
    const trust = { proxyProtocol, trustedProxies, keepsClientCertificateHeaders };
    return { key, host, port: portByKey.get(key) ?? port, ...trust, protocols, http2, tls: tls[at] ?? null };
  });
}

/** Such as `http://[::1]:8080`; `https://` with TLS; `[::]` for every address. */
export function addressUrl({ host, port, tls }: BoundAddress & { readonly tls: unknown }): string {
  // Because: a URL needs a host, and `[::]` stands for every address of both families.
  const shown = host === '' ? '::' : host;
  return `${tls === null ? 'http' : 'https'}://${shown.includes(':') ? `[${shown}]` : shown}:${port}`;
}

/**
 * Rejects with a sentence for the operator when another process listens on an address. Workers share their port, so the
 * system would silently let a second gateway of the same user listen too: hence each address is opened exclusively for a
 * moment. Ports that this gateway already uses are skipped: a reload may go from 0.0.0.0 to 127.0.0.1 on the same port.
 */
export async function checkAddressesFree(
  orders: readonly ListenOrder[],
  serving: readonly ListenOrder[],
): Promise<void> {
  const ownPorts = new Set(serving.map(({ port }) => port));
  for (const order of orders) {
    if (order.port !== 0 && !ownPorts.has(order.port)) await listenForAMoment(order);
  }
}

async function listenForAMoment({ host, port }: BoundAddress): Promise<void> {
  const server = createServer(socket => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', error => reject(new Error(listenFailure({ host, port }, error))));
    server.listen({ host, port, exclusive: true }, resolve);
  });
  await new Promise<void>(resolve => server.close(() => resolve()));
}

/** Why an address cannot be listened on, in one sentence. */
export function listenFailure({ host, port }: BoundAddress, error: NodeJS.ErrnoException): string {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return `cannot listen on ${address}: the port is in use by another process`;
    case 'EACCES':
      return `cannot listen on ${address}: ports below 1024 need root or CAP_NET_BIND_SERVICE`;
    case 'EADDRNOTAVAIL':
      return `cannot listen on ${address}: this machine has no such address`;
    default:
      return `cannot listen on ${address}: ${error.message}`;
  }
}
