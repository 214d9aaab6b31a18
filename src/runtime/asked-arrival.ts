// At which listener, and from which client, a request comes in that is asked about: as written, or else the most probable.

import { canonicalIpv6, parseIpv4 } from '../base/ip-address.ts';
import type { ListenerConfig } from '../config/config.ts';
import { suggestion } from '../config/problems/nearest-name.ts';
import { addressText } from '../config/schemas/address.ts';
import type { Arrival } from '../http/request-head.ts';

/** An address of nobody (RFC 5737), outside of all networks that people write into a configuration. */
const SOMEBODY = '192.0.2.1';

/** Both undefined when they are not known. A listener is written by its name or address. */
interface WrittenArrival {
  readonly listener: string | undefined;
  readonly client: string | undefined;
}

/** A returned string is a message for the operator: there is no such listener, or the client is no address. */
export function askedArrival(
  { listener: written, client = SOMEBODY }: WrittenArrival,
  url: string,
  listeners: readonly ListenerConfig[],
): Arrival | string {
  const listener = written === undefined ? probableListener(url, listeners) : listenerNamed(written, listeners);
  if (typeof listener === 'string') return listener;
  const address = parseIpv4(client) === -1 ? canonicalIpv6(client) : client;
  if (address === null) return `"${client}" is not an IP address such as 10.1.2.3`;
  return { listener: listener?.name ?? '', client: address };
}

/** The listener with the port of the URL, else the first one with its scheme, else the first. */
function probableListener(url: string, listeners: readonly ListenerConfig[]): ListenerConfig | undefined {
  const { scheme, port } = /^(?<scheme>https?):\/\/[^/?#]*?(?::(?<port>\d+))?(?:[/?#]|$)/i.exec(url)?.groups ?? {};
  if (scheme === undefined) return listeners[0];
  const isSecure = scheme.toLowerCase() === 'https';
  const asked = Number(port ?? (isSecure ? 443 : 80));
  return (
    listeners.find(each => each.port === asked) ??
    listeners.find(({ tls }) => (tls !== null) === isSecure) ??
    listeners[0]
  );
}

/** The listener of this name or address; a string says that there is none. */
export function listenerNamed(written: string, listeners: readonly ListenerConfig[]): ListenerConfig | string {
  const found = listeners.find(each => each.name === written || addressText(each) === written);
  if (found !== undefined) return found;
  const known = listeners.map(each => each.name ?? addressText(each));
  return `there is no listener "${written}"${suggestion(written, known) || `; there are ${known.join(', ')}`}`;
}
