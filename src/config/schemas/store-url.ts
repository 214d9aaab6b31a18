// Reads from a URL where a store is. Messages never show the URL, because it may contain a password.

import type { StoreConfig, StoreKind } from '../store-config.ts';

/** What a URL determines of a store. */
export type StorePlace = Pick<StoreConfig, 'kind' | 'nodes' | 'tls' | 'username' | 'password' | 'database' | 'path'> & {
  /** The name of the master where the nodes are Sentinels; empty otherwise. */
  readonly master: string;
};

/** The forms of a store's URL, for messages. */
const CLUSTER_URL = 'redis+cluster://host:6379,host:6380';
const SENTINEL_URL = 'redis+sentinel://host:26379,host:26380/master';
const STORE_URL_FORMS = `redis://host:6379/0, ${CLUSTER_URL}, ${SENTINEL_URL}, postgres://user@host:5432/database or sqlite:state.db`;

interface Scheme {
  readonly kind: StoreKind;
  readonly tls: boolean;
  readonly port: number;
  /** Whether the hosts are Sentinels; left out for no. */
  readonly sentinels?: boolean;
}

const schemes: Readonly<Record<string, Scheme>> = {
  redis: { kind: 'redis', tls: false, port: 6379 },
  rediss: { kind: 'redis', tls: true, port: 6379 },
  'redis+cluster': { kind: 'redisCluster', tls: false, port: 6379 },
  'rediss+cluster': { kind: 'redisCluster', tls: true, port: 6379 },
  'redis+sentinel': { kind: 'redis', tls: false, port: 26379, sentinels: true },
  'rediss+sentinel': { kind: 'redis', tls: true, port: 26379, sentinels: true },
  postgres: { kind: 'postgres', tls: false, port: 5432 },
  postgresql: { kind: 'postgres', tls: false, port: 5432 },
};

/** Whether a value of `sslmode` means TLS, for which PostgreSQL has no scheme of its own. Other values are refused. */
const postgresTls: Readonly<Record<string, boolean>> = { '': false, disable: false, 'verify-full': true };

/** Parses the URL of a store. Returns a message for the operator when the URL is wrong. */
export function parseStoreUrl(text: string): StorePlace | string {
  const [, name = '', rest = ''] = /^([a-z+]+):(.*)$/is.exec(text) ?? [];
  const scheme = name.toLowerCase();
  if (scheme === 'sqlite') return sqlitePlace(rest);
  const known = Object.hasOwn(schemes, scheme) ? schemes[scheme] : undefined;
  if (known === undefined || !rest.startsWith('//'))
    return `expected the URL of a store: ${STORE_URL_FORMS}${scheme === '' ? '' : `; its scheme is ${JSON.stringify(scheme.slice(0, 20))}`}`;
  if (/[\s\\]/.test(rest))
    return 'a store’s URL holds no white space and no backslash: write such letters as %20 and %5C';
  return serverPlace(known, rest.slice(2));
}

function sqlitePlace(rest: string): StorePlace | string {
  // Other programs write `sqlite:///var/lib/x.db` for `sqlite:/var/lib/x.db`.
  const path = rest.startsWith('//') ? rest.slice(2) : rest;
  if (path === '' || path === ':memory:' || /[?#]/.test(path))
    return 'expected a file after `sqlite:`, such as sqlite:/var/lib/cardea/state.db';
  return { kind: 'sqlite', nodes: [], tls: false, username: '', password: '', database: '', path, master: '' };
}

function serverPlace({ kind, tls, port, sentinels = false }: Scheme, rest: string): StorePlace | string {
  const at = rest.lastIndexOf('@');
  const credentials = at === -1 ? '' : rest.slice(0, at);
  const [, hosts = '', path = '', query = '', fragment = ''] =
    /^([^/?#]*)(?:\/([^?#]*))?(\?[^#]*)?(#.*)?$/.exec(rest.slice(at + 1)) ?? [];
  if (/[/?#@]/.test(credentials) || fragment !== '')
    return 'a / ? # or @ in the password of a store’s URL is written %2F %3F %23 or %40';
  const [username, password] = credentialsOf(credentials);
  if (username === null || password === null) return 'the user or the password in a store’s URL is not percent-encoded';
  const database = decoded(path);
  if (database === null) return 'the database in a store’s URL is not percent-encoded';
  const nodes = hosts.split(',').map(host => nodeOf(host, port));
  const wrong = nodes.find(node => typeof node === 'string');
  if (wrong !== undefined) return wrong;
  if (kind !== 'redisCluster' && !sentinels && nodes.length > 1)
    return kind === 'redis'
      ? `several hosts are a cluster or Sentinels: expected ${CLUSTER_URL} or ${SENTINEL_URL}`
      : 'expected one host of the PostgreSQL server';
  const place: StorePlace = {
    kind,
    // Because: the function has returned above for a node that is a message.
    nodes: nodes as StorePlace['nodes'],
    tls,
    username,
    password,
    database,
    path: '',
    master: '',
  };
  if (kind === 'postgres') return postgresPlace(place, query);
  if (query !== '') return 'a Redis URL takes no settings after `?`: write them beside `url`';
  return sentinels ? sentinelPlace(place) : redisPlace(place);
}

/** The path of Sentinels is the name of the master and, if need be, the number of the database. */
function sentinelPlace(place: StorePlace): StorePlace | string {
  const slash = place.database.indexOf('/');
  const master = slash === -1 ? place.database : place.database.slice(0, slash);
  if (!/^[\w.-]{1,128}$/.test(master)) return `expected the name of the master behind the Sentinels: ${SENTINEL_URL}`;
  return redisPlace({ ...place, master, database: slash === -1 ? '' : place.database.slice(slash + 1) });
}

/** User and password; null for one that is not percent-encoded. */
function credentialsOf(text: string): [username: string | null, password: string | null] {
  const colon = text.indexOf(':');
  return colon === -1 ? [decoded(text), ''] : [decoded(text.slice(0, colon)), decoded(text.slice(colon + 1))];
}

function redisPlace(place: StorePlace): StorePlace | string {
  const { kind, database, username, password } = place;
  // Because: without a password there would be no login, and the server's default user would be used in place of this one.
  if (username !== '' && password === '')
    return 'a user of Redis without a password: expected redis://user:password@host, or redis://:password@host for a password alone';
  if (kind === 'redisCluster')
    return database === '' || database === '0'
      ? { ...place, database: '0' }
      : 'a Redis Cluster has the database 0 only';
  if (!/^[0-9]{0,4}$/.test(database))
    return `expected the number of a Redis database after the ${place.master === '' ? 'host' : 'master'}, such as /0`;
  return { ...place, database: database === '' ? '0' : database };
}

function postgresPlace(place: StorePlace, query: string): StorePlace | string {
  if (place.database === '') return 'expected the name of a database: postgres://user@host:5432/database';
  const settings = new URLSearchParams(query);
  const mode = settings.get('sslmode') ?? '';
  const tls = Object.hasOwn(postgresTls, mode) ? postgresTls[mode] : undefined;
  if (tls === undefined || [...settings.keys()].some(key => key !== 'sslmode'))
    return 'a PostgreSQL URL takes `?sslmode=disable` or `?sslmode=verify-full` and no other setting';
  return { ...place, tls };
}

function nodeOf(text: string, standardPort: number): StorePlace['nodes'][number] | string {
  const match = /^(\[[0-9a-fA-F:.]+\]|[^[\]:]+)(?::([0-9]{1,5}))?$/.exec(text);
  const [, host = '', port] = match ?? [];
  if (!/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)$/.test(host))
    return 'expected a host in the store’s URL, such as redis://127.0.0.1:6379';
  const number = port === undefined ? standardPort : Number(port);
  if (number < 1 || number > 65_535) return `expected a port from 1 to 65535, found ${number}`;
  return { host: host.replace(/^\[|\]$/g, ''), port: number };
}

/** The text without percent-encoding; null when the encoding is not valid. */
function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
