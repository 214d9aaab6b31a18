// Resolves names with their TTL: by the hosts file, then by the servers one after the other, with the search list of the machine. Caches
// nothing: refresh.ts decides how often to look up.

import { isIPv4 } from 'node:net';
import { messageOf } from '../../../base/message-of.ts';
import { negativeTtlSeconds, type Records, recordsIn, type ServiceRecord } from './answers.ts';
import { type AskedType, askServer, type DnsReply, type DnsServer, isAskable, Rcode } from './dns-query.ts';
import { parseHosts, parseResolvConf, textOf } from './resolv-conf.ts';

/** Which addresses are used. `auto`: the IPv4 addresses, or the IPv6 ones when there are none. */
export type AddressFamily = 'auto' | 'ipv4' | 'ipv6' | 'all';

export interface ResolverOptions {
  /** Empty to use the servers of resolv.conf and its search list; with named servers, names are not completed. */
  readonly servers: readonly DnsServer[];
  /** Milliseconds for one question to one server. */
  readonly timeoutMs: number;
  readonly resolvConf?: string;
  /** Port of the servers in resolv.conf; 53 when left out. */
  readonly port?: number;
  readonly hosts?: string;
}

/** Why a lookup found nothing. `keptSeconds` says for how long that may be believed; undefined when the server did not say. */
export class LookupError extends Error {
  readonly keptSeconds: number | undefined;

  constructor(message: string, keptSeconds?: number) {
    super(message);
    this.keptSeconds = keptSeconds;
  }
}

export interface FoundAddresses {
  readonly addresses: readonly string[];
  readonly ttlSeconds: number;
  /** With family `all`: the type of records that could not be looked up; left out when both were. */
  readonly failed?: FailedLookup;
}

export interface FailedLookup {
  readonly type: 'A' | 'AAAA';
  readonly reason: string;
}

export interface FoundServices {
  readonly services: readonly ServiceRecord[];
  readonly ttlSeconds: number;
}

/** How often every server is asked before a lookup fails. */
const ROUNDS = 2;
/** TTL in seconds when one type of records could not be looked up, unless the other type has a lower one. */
const PARTIAL_TTL_SECONDS = 10;
/** TTL in seconds of addresses from a hosts file, which has none. */
const HOSTS_TTL_SECONDS = 5;

export class Resolver {
  private readonly options: ResolverOptions;

  constructor(options: ResolverOptions) {
    this.options = options;
  }

  /** Rejects with a LookupError when the name does not exist, has no address of this family, or no server gives a usable response. */
  async addresses(name: string, family: AddressFamily): Promise<FoundAddresses> {
    const known = ofFamily(this.fromHosts(name), family);
    if (known.length > 0) return { addresses: known, ttlSeconds: HOSTS_TTL_SECONDS };
    if (family === 'all') return this.searched(name, candidate => this.bothFamilies(candidate));
    const types: AskedType[] = family === 'ipv4' ? ['A'] : family === 'ipv6' ? ['AAAA'] : ['A', 'AAAA'];
    return this.searched(name, candidate => this.firstOf(types, candidate));
  }

  /** The records of the first type that the name has. Null when it has none. */
  private async firstOf(types: readonly AskedType[], name: string): Promise<FoundAddresses | null> {
    let noSuchName: NoSuchName | null = null;
    for (const type of types) {
      try {
        const records = await this.ask(name, type);
        if (records !== null) return joined([records]);
      } catch (error) {
        // Some servers wrongly report NXDOMAIN for a name that has only the other type, so that one is asked for too. NXDOMAIN is believed
        // when that finds nothing.
        if (noSuchName === null && !(error instanceof NoSuchName)) throw error;
        if (error instanceof NoSuchName) noSuchName ??= error;
      }
    }
    if (noSuchName !== null) throw noSuchName;
    return null;
  }

  /** Looks up A and AAAA records; when one type fails, the addresses of the other are still used. Null when the name has neither. */
  private async bothFamilies(name: string): Promise<FoundAddresses | null> {
    const found: Records[] = [];
    const failures: unknown[] = [];
    let failed: FailedLookup | null = null;
    for (const type of ['A', 'AAAA'] as const) {
      try {
        const records = await this.ask(name, type);
        if (records !== null) found.push(records);
      } catch (error) {
        // Some servers wrongly report NXDOMAIN for a name that has only the other type. Another error is therefore reported first.
        if (error instanceof NoSuchName) failures.push(error);
        else {
          failures.unshift(error);
          failed = { type, reason: messageOf(error) };
        }
      }
    }
    if (found.length > 0) return joined(found, failed);
    if (failures.length > 0) throw failures[0];
    return null;
  }

  /** The SRV records of a name. Rejects as `addresses` does. */
  services(name: string): Promise<FoundServices> {
    return this.searched(name, candidate => this.ask(candidate, 'SRV'));
  }

  /** What `look` finds for the first candidate of the name that has something. */
  private async searched<Found>(name: string, look: (candidate: string) => Promise<Found | null>): Promise<Found> {
    let nothing = new LookupError(`there is no name ${name}`);
    for (const candidate of this.candidates(name)) {
      if (!isAskable(candidate)) continue;
      try {
        const found = await look(candidate);
        if (found !== null) return found;
        nothing = new LookupError(`the name ${name} has no such records`);
      } catch (error) {
        // Only NXDOMAIN lets the next candidate be tried: a server that is unreachable must not make another name win.
        if (!(error instanceof NoSuchName)) throw error;
        nothing = new LookupError(`there is no name ${name} (NXDOMAIN)`, error.keptSeconds);
      }
    }
    throw nothing;
  }

  private candidates(name: string): string[] {
    if (name.endsWith('.')) return [name.slice(0, -1)];
    if (this.options.servers.length > 0) return [name];
    const { search, ndots } = this.machine();
    const longer = search.map(domain => `${name}.${domain}`);
    return name.split('.').length - 1 >= ndots ? [name, ...longer] : [...longer, name];
  }

  /** Null when the name exists without such records. Throws NoSuchName, or a LookupError when no server gives a usable response. */
  private async ask(name: string, type: AskedType): Promise<Records | null> {
    const servers = this.options.servers.length > 0 ? this.options.servers : this.machine().servers;
    let reason = '';
    for (let round = 0; round < ROUNDS; round++) {
      for (const server of servers) {
        let reply: DnsReply;
        try {
          reply = await askServer(server, name, type, this.options.timeoutMs);
        } catch (error) {
          reason = messageOf(error);
          continue;
        }
        if (reply.rcode === Rcode.noError) return recordsIn(reply.packet, name, type);
        if (reply.rcode === Rcode.nameError) throw new NoSuchName(negativeTtlSeconds(reply.packet));
        reason = `${server.host}:${server.port} answered ${rcodeText(reply.rcode)}`;
      }
    }
    throw new LookupError(reason);
  }

  private fromHosts(name: string): string[] {
    // When servers are configured, only they are asked.
    if (this.options.servers.length > 0) return [];
    const known = parseHosts(textOf(this.options.hosts ?? '/etc/hosts'), name);
    // RFC 6761 section 6.3: localhost never means another machine.
    const isLocal = /^(?:.*\.)?localhost\.?$/i.test(name);
    return known.length === 0 && isLocal ? ['127.0.0.1', '::1'] : known;
  }

  /** Read anew for each lookup, because DHCP and container engines rewrite the file. */
  private machine() {
    return parseResolvConf(textOf(this.options.resolvConf ?? '/etc/resolv.conf'), this.options.port);
  }
}

function joined(found: readonly Records[], failed: FailedLookup | null = null): FoundAddresses {
  const addresses = found.flatMap(records => records.addresses);
  const ttlSeconds = Math.min(...found.map(records => records.ttlSeconds));
  if (failed === null) return { addresses, ttlSeconds };
  return { addresses, ttlSeconds: Math.min(ttlSeconds, PARTIAL_TTL_SECONDS), failed };
}

/** Adds the previously known addresses of the type that could not be looked up this time. */
export function withKnown({ addresses, failed }: FoundAddresses, before: readonly string[]): readonly string[] {
  if (failed === undefined) return addresses;
  return [...addresses, ...before.filter(address => isIPv4(address) === (failed.type === 'A'))];
}

/** The problem in words, for the operator; null when both types were looked up. */
export function troubleOf(failed: FailedLookup | undefined): string | null {
  if (failed === undefined) return null;
  return `its ${failed.type} records cannot be looked up: ${failed.reason}; those that were known stay in use`;
}

class NoSuchName extends Error {
  readonly keptSeconds: number | undefined;

  constructor(keptSeconds: number | undefined) {
    super('NXDOMAIN');
    this.keptSeconds = keptSeconds;
  }
}

/** The addresses that a lookup for this family would take. */
export function ofFamily(addresses: readonly string[], family: AddressFamily): string[] {
  if (family === 'all') return [...addresses];
  const v4 = addresses.filter(address => isIPv4(address));
  const v6 = addresses.filter(address => !isIPv4(address));
  if (family === 'ipv4') return v4;
  return family === 'ipv6' || v4.length === 0 ? v6 : v4;
}

function rcodeText(rcode: number): string {
  return ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'][rcode] ?? `code ${rcode}`;
}
