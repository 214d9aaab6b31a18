// Reads the response of a DNS server: addresses and services, and how long they may be kept. Sends nothing.

import type { Answer, Packet } from 'dns-packet';
import { type AskedType, sameName } from './dns-query.ts';

/** Records of one type, at least one, and for how many seconds they may be kept. */
export interface Records {
  readonly addresses: readonly string[];
  readonly services: readonly ServiceRecord[];
  readonly ttlSeconds: number;
}

/** One SRV record (RFC 2782). */
export interface ServiceRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** How many aliases (CNAME) are followed within one response. */
const ALIASES_MAX = 16;

/** Records of `type` for `name`, following its aliases; null when the response has none. The TTL is the lowest on the way. */
export function recordsIn(packet: Packet, name: string, type: AskedType): Records | null {
  const answers = packet.answers ?? [];
  const addresses: string[] = [];
  const services: ServiceRecord[] = [];
  let ttlSeconds = Number.POSITIVE_INFINITY;
  let owner = name;
  for (let aliases = 0; aliases <= ALIASES_MAX; aliases++) {
    let alias: string | null = null;
    for (const answer of answers) {
      if (!sameName(answer.name, owner)) continue;
      if (answer.type === type) take(answer, addresses, services);
      else if (answer.type === 'CNAME') alias = answer.data;
      else continue;
      ttlSeconds = Math.min(ttlSeconds, ttlOf(answer));
    }
    if (addresses.length + services.length > 0) return { addresses, services, ttlSeconds };
    if (alias === null) return null;
    owner = alias;
  }
  return null;
}

/** For how many seconds a negative response may be kept (RFC 2308 section 5); undefined when it does not say. */
export function negativeTtlSeconds(packet: Packet): number | undefined {
  for (const authority of packet.authorities ?? []) {
    if (authority.type === 'SOA') return Math.min(ttlOf(authority), authority.data.minimum ?? 0);
  }
  return undefined;
}

function take(answer: Answer, addresses: string[], services: ServiceRecord[]): void {
  if (answer.type === 'A' || answer.type === 'AAAA') addresses.push(answer.data);
  else if (answer.type === 'SRV') {
    const { priority = 0, weight = 0, port, target } = answer.data;
    services.push({ priority, weight, port, target });
  }
}

/** A TTL with the highest bit set counts as 0 (RFC 2181 section 8). */
function ttlOf(answer: Answer): number {
  const ttl = 'ttl' in answer ? (answer.ttl ?? 0) : 0;
  return ttl > 0x7fffffff ? 0 : ttl;
}
