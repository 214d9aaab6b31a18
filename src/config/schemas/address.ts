// Addresses to listen on: `127.0.0.1:8080`, `[::1]:8080`, `:8080`. Literal IP addresses only, because a name could resolve to any address.

import { z } from 'zod';
import { IPV6_WORDS, parseIpv4, parseIpv6 } from '../../base/ip-address.ts';
import { expected, found } from '../../base/schema/found.ts';

const what = 'an address and a port such as 127.0.0.1:8080, :8080 or [::1]:8080';

export interface Address {
  /** Literal IP address, IPv6 without brackets. Empty for every address of the machine, IPv4 and IPv6. */
  readonly host: string;
  readonly port: number;
}

/** Parses an address to listen on. Returns a message for the operator when the text is not one. */
export function parseAddress(text: string): Address | string {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text);
  if (match === null) {
    const port = /^[0-9]{1,5}$/.test(text) ? `; for port ${text} on every address write :${text}` : '';
    return `expected ${what}, found ${found(text)}${port}`;
  }
  const host = match[1] ?? match[2]!;
  const port = Number(match[3]);
  if (port > 65_535) return `expected a port from 0 to 65535, found ${port}`;
  if (match[1] !== undefined) {
    return parseIpv6(host, new Uint32Array(IPV6_WORDS))
      ? { host: shortestIpv6(host), port }
      : `expected an IPv6 address, found ${found(host)}`;
  }
  if (host === '') return { host, port };
  if (host === 'localhost')
    return `expected a literal address, found "localhost": write 127.0.0.1:${port} or [::1]:${port}`;
  return parseIpv4(host) === -1 ? `expected a literal IP address, found ${found(host)}` : { host, port };
}

/** The canonical spelling of an IPv6 address, so that one address written in two ways is recognised as a duplicate. */
function shortestIpv6(host: string): string {
  return URL.parse(`http://[${host}]`)?.hostname.slice(1, -1) ?? host;
}

/** Formats an address as a document writes it: `127.0.0.1:8080` or `:8080`, an IPv6 address in brackets. */
export function addressText({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export const address = z.string(expected(what)).transform((text, context): Address => {
  const outcome = parseAddress(text);
  if (typeof outcome !== 'string') return outcome;
  context.addIssue({ code: 'custom', message: outcome });
  return z.NEVER;
});

/** An `address` that must name its host, for endpoints that must not be opened to everybody by an omission. */
export const namedAddress = address.refine(({ host }) => host !== '', {
  error: ({ input }) => {
    // Because: the input has already been parsed by `address`.
    const { port } = input as Address;
    return `name the address: 127.0.0.1:${port}, or 0.0.0.0:${port} for everybody who can reach this machine`;
  },
});
