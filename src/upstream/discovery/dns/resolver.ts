// Looks names up with their TTL: the hosts file, then the servers one after the other, with the search list of the machine. Keeps
// nothing: how often a name is looked up is decided in refresh.ts.

import { isIPv4 } from 'node:net';
import { messageOf } from '../../../base/message-of.ts';
import { negativeTtlSeconds, type Records, recordsIn, type ServiceRecord } from './answers.ts';
import { type AskedType, askServer, type DnsReply, type DnsServer, isAskable, Rcode } from './dns-query.ts';
import { parseHosts, parseResolvConf, textOf } from './resolv-conf.ts';

/** Which addresses are taken: `auto` the IPv4 ones, or the IPv6 ones where there are no others. */
export type AddressFamily = 'auto' | 'ipv4' | 'ipv6' | 'all';

export interface ResolverOptions {
  /** Empty takes those of resolv.conf, and its search list with them; else names are taken as they are. */
  readonly servers: readonly DnsServer[];
  /** For one question to one server. */
  readonly timeoutMs: number;
  readonly resolvConf?: string;
  /** On which the servers of resolv.conf listen; 53. */
  readonly port?: number;
  readonly hosts?: string;
}

/** Why a name gave nothing. `kept` says for how many seconds that may be believed; undefined when nobody said. */
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
  /** Of `all`: the records of which nobody could tell whether there are any. */
  readonly untold?: UntoldRecords;
}

export interface UntoldRecords {
  readonly type: 'A' | 'AAAA';
  readonly reason: string;
}

export interface FoundServices {
  readonly services: readonly ServiceRecord[];
  readonly ttlSeconds: number;
}

/** How often every server is asked before a lookup is given up. */
const ROUNDS = 2;
/** Where one kind of records could not be told it is asked for again after this time, whatever the TTL of the other. */
const UNTOLD_TTL_SECONDS = 10;
/** A hosts file has no TTL. */
const HOSTS_TTL_SECONDS = 5;

export class Resolver {
  private readonly options: ResolverOptions;

  constructor(options: ResolverOptions) {
    this.options = options;
  }

  /** Rejects with a LookupError when there is no such name, none of its addresses is of this family, or nobody can tell. */
  async addresses(name: string, family: AddressFamily): Promise<FoundAddresses> {
    const known = ofFamily(this.fromHosts(name), family);
    if (known.length > 0) return { addresses: known, ttlSeconds: HOSTS_TTL_SECONDS };
    if (family === 'all') return this.searched(name, candidate => this.bothFamilies(candidate));
    const types: AskedType[] = family === 'ipv4' ? ['A'] : family === 'ipv6' ? ['AAAA'] : ['A', 'AAAA'];
    return this.searched(name, async candidate => {
      for (const type of types) {
        const records = await this.ask(candidate, type);
        if (records !== null) return joined([records]);
      }
      return null;
    });
  }

  /** One kind of records that cannot be had does not take the addresses of the other. Null when the name has none. */
  private async bothFamilies(name: string): Promise<FoundAddresses | null> {
    const found: Records[] = [];
    const failures: unknown[] = [];
    let untold: UntoldRecords | null = null;
    for (const type of ['A', 'AAAA'] as const) {
      try {
        const records = await this.ask(name, type);
        if (records !== null) found.push(records);
      } catch (error) {
        // "There is no such name" is what some servers say of a name that has only the other kind. Whoever could not tell is told first.
        if (error instanceof NoSuchName) failures.push(error);
        else {
          failures.unshift(error);
          untold = { type, reason: messageOf(error) };
        }
      }
    }
    if (found.length > 0) return joined(found, untold);
    if (failures.length > 0) throw failures[0];
    return null;
  }

  /** SRV records. Rejects as `addresses` does. */
  services(name: string): Promise<FoundServices> {
    return this.searched(name, candidate => this.ask(candidate, 'SRV'));
  }

  /** The first of a name's full forms for which something is found. */
  private async searched<Found>(name: string, look: (candidate: string) => Promise<Found | null>): Promise<Found> {
    let nothing = new LookupError(`there is no name ${name}`);
    for (const candidate of this.candidates(name)) {
      if (!isAskable(candidate)) continue;
      try {
        const found = await look(candidate);
        if (found !== null) return found;
        nothing = new LookupError(`the name ${name} has no such records`);
      } catch (error) {
        // Only "there is none" lets the next candidate be tried: a server that is away must not make another name win.
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

  /** Null when the name is there without such records. Throws NoSuchName, or a LookupError when nobody could tell. */
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
    // A server that was named is the one to ask.
    if (this.options.servers.length > 0) return [];
    const known = parseHosts(textOf(this.options.hosts ?? '/etc/hosts'), name);
    // RFC 6761 section 6.3: it never means another machine.
    const isLocal = /^(?:.*\.)?localhost\.?$/i.test(name);
    return known.length === 0 && isLocal ? ['127.0.0.1', '::1'] : known;
  }

  /** Read anew each time: DHCP and container engines rewrite it. */
  private machine() {
    return parseResolvConf(textOf(this.options.resolvConf ?? '/etc/resolv.conf'), this.options.port);
  }
}

function joined(found: readonly Records[], untold: UntoldRecords | null = null): FoundAddresses {
  const addresses = found.flatMap(records => records.addresses);
  const ttlSeconds = Math.min(...found.map(records => records.ttlSeconds));
  if (untold === null) return { addresses, ttlSeconds };
  return { addresses, ttlSeconds: Math.min(ttlSeconds, UNTOLD_TTL_SECONDS), untold };
}

/** Adds to what was found the addresses that were known before of the kind that nobody could tell this time. */
export function withKnown({ addresses, untold }: FoundAddresses, before: readonly string[]): readonly string[] {
  if (untold === undefined) return addresses;
  return [...addresses, ...before.filter(address => isIPv4(address) === (untold.type === 'A'))];
}

/** For the operator; null where all was told. */
export function troubleOf(untold: UntoldRecords | undefined): string | null {
  if (untold === undefined) return null;
  return `its ${untold.type} records cannot be looked up: ${untold.reason}; those that were known stay in use`;
}

class NoSuchName extends Error {
  readonly keptSeconds: number | undefined;

  constructor(keptSeconds: number | undefined) {
    super('NXDOMAIN');
    this.keptSeconds = keptSeconds;
  }
}

function ofFamily(addresses: readonly string[], family: AddressFamily): string[] {
  if (family === 'all') return [...addresses];
  const v4 = addresses.filter(address => isIPv4(address));
  const v6 = addresses.filter(address => !isIPv4(address));
  if (family === 'ipv4') return v4;
  return family === 'ipv6' || v4.length === 0 ? v6 : v4;
}

function rcodeText(rcode: number): string {
  return ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'][rcode] ?? `code ${rcode}`;
}
