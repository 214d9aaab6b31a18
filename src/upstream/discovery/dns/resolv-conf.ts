// The machine's own settings for name lookups: /etc/resolv.conf and /etc/hosts, as resolver(5) and hosts(5) describe them.

import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { DnsServer } from './dns-query.ts';

const DNS_PORT = 53;
/** The same limits as in glibc. */
const SERVERS_MAX = 3;
const NDOTS_MAX = 15;

export interface ResolvConf {
  /** DNS servers, at least one. */
  readonly servers: readonly DnsServer[];
  /** Domains that are appended to short names. */
  readonly search: readonly string[];
  /** For a name with fewer dots than this, the search domains are tried first. */
  readonly ndots: number;
}

/** Parses the text of a resolv.conf, with the defaults of glibc. The servers listen on `port`. */
export function parseResolvConf(text: string, port = DNS_PORT): ResolvConf {
  const servers: DnsServer[] = [];
  let search: string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [key, ...values] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/);
    const [first = ''] = values;
    if (key === 'nameserver' && isIP(first.replace(/%.*$/, '')) !== 0) servers.push({ host: first, port });
    else if (key === 'search' || key === 'domain') search = values.map(domain => domain.replace(/\.$/, ''));
    else if (key === 'options') {
      const wanted = values.map(option => /^ndots:(\d+)$/.exec(option)?.[1]).find(found => found !== undefined);
      if (wanted !== undefined) ndots = Math.min(NDOTS_MAX, Number(wanted));
    }
  }
  if (servers.length === 0) servers.push({ host: '127.0.0.1', port });
  return { servers: servers.slice(0, SERVERS_MAX), search: search.filter(domain => domain !== ''), ndots };
}

/** Addresses of a name in the text of a hosts file, in the order of the file. */
export function parseHosts(text: string, name: string): string[] {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  return text.split('\n').flatMap(line => {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    return isIP(address) !== 0 && names.some(each => each.toLowerCase() === wanted) ? [address] : [];
  });
}

/** The text of a file; empty when the file does not exist or cannot be read. */
export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
