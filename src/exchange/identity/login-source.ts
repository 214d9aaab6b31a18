// The source to which failed logins, and quotas by address, are counted.

import { IPV6_WORDS, ipv4Text, mappedIpv4, parseZonedIpv6 } from '../../base/ip-address.ts';

const words = new Uint32Array(IPV6_WORDS);

/** The address itself for IPv4. For IPv6 its whole /64, since one household has no less. */
export function sourceOf(ip: string): string {
  if (!ip.includes(':')) return ip;
  if (!parseZonedIpv6(ip, words)) return ip;
  const mapped = mappedIpv4(words);
  return mapped === -1 ? `${words[0]}:${words[1]}` : ipv4Text(mapped);
}
