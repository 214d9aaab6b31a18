// An API key as a key store holds it, and the contract of key stores. The stores themselves are in files beside this one, one per kind.

import { RecentMap } from '../../base/recent-map.ts';

/** Everything about a key except the key itself, of which only the hash is kept. */
export interface KeyRecord {
  /** Name of the key: not secret, unique in the store. */
  readonly id: string;
  /** SHA-256 of the key, 64 lower case hexadecimal digits. */
  readonly hash: string;
  /** Name of the key's holder. Where the configuration has a consumer of this name, tenant, groups and tags are taken from there. */
  readonly consumer: string;
  readonly tenant: string | null;
  readonly plan: string | null;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  /** Names of the routes that the key is valid for; null for all routes. */
  readonly routes: readonly string[] | null;
  /** Milliseconds since 1970; null for never. */
  readonly expiresAtMs: number | null;
  readonly disabled: boolean;
}

/** What a gateway reads. A store on this machine answers at once, others by a promise; both fail while the store is away. */
export interface KeySource {
  /** A text that differs from the previous one whenever any key may have changed. Cheap: queried several times a second. */
  version(): string | Promise<string>;
  /** Looks up a key by its hash; null when there is none. The time of a lookup by hash reveals nothing of the key itself. */
  find(hash: string): KeyRecord | null | Promise<KeyRecord | null>;
}

/** What the command line needs in addition. */
export interface KeyStore extends KeySource {
  /** Makes tables that are missing. */
  prepare(): Promise<void>;
  /** Throws `KeyExists` when a key with this id or hash exists. */
  add(record: KeyRecord): Promise<void>;
  /** Deletes a key for good; false when no key has this id. */
  revoke(id: string): Promise<boolean>;
  /** All keys, sorted by consumer and id. */
  list(): Promise<readonly KeyRecord[]>;
}

/** A key with this id or hash exists already. */
export class KeyExists extends Error {
  constructor(id: string) {
    super(`there is a key "${id}" already`);
    this.name = 'KeyExists';
  }
}

/** The part of a record that stores keep as one JSON text. */
export function detailsOf(record: KeyRecord): string {
  const { tenant, plan, groups, scopes, routes, expiresAtMs, disabled } = record;
  return JSON.stringify({ tenant, plan, groups, scopes, routes, expiresAtMs, disabled });
}

/** Reads details that a person may have written. A key with unreadable details is refused; it never has more rights than were meant. */
export function recordFromDetails(id: string, hash: string, consumer: string, details: string): KeyRecord {
  const map = mapFrom(details);
  if (map === null) return { ...nothing, id, hash, consumer, disabled: true };
  const { tenant, plan, groups, scopes, routes, expiresAtMs, disabled } = map;
  return {
    id,
    hash,
    consumer,
    tenant: typeof tenant === 'string' ? tenant : null,
    plan: typeof plan === 'string' ? plan : null,
    groups: texts(groups),
    scopes: texts(scopes),
    routes: routes === null || routes === undefined ? null : texts(routes),
    expiresAtMs: expiresAtMs === null || expiresAtMs === undefined ? null : Number(expiresAtMs) || 0,
    disabled: disabled !== false && disabled !== undefined,
  };
}

/** Reads a row of the table `cardea_keys`. */
export function recordFromRow({ id, hash, consumer, details }: Readonly<Record<string, unknown>>): KeyRecord {
  return recordFromDetails(String(id), String(hash), String(consumer), String(details));
}

/** Writes a record without its hash as one text; null when id or consumer contains a line break, since those separate the fields. */
export function serializeRecord(record: KeyRecord): string | null {
  const { id, consumer } = record;
  return id.includes('\n') || consumer.includes('\n') ? null : `${id}\n${consumer}\n${detailsOf(record)}`;
}

/** Reads a text of `serializeRecord`. Returns a disabled key when the text is not one. */
export function parseRecord(hash: string, text: string): KeyRecord {
  const [id = '', consumer = '', details = ''] = text.split('\n');
  return recordFromDetails(id, hash, consumer, details);
}

const nothing = { tenant: null, plan: null, groups: [], scopes: [], routes: null, expiresAtMs: null } as const;

function mapFrom(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    // Because: the line above has checked that it is a map, and every member is checked before it is used.
    return isMap ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

const none: readonly string[] = Object.freeze([]);

/** Lists that keys had lately. There are many keys and few different lists, so each list is kept once, without spare capacity. */
const lists = new RecentMap<readonly string[]>(2_048);
/** Longer lists are not shared: another key is unlikely to have the same one. */
export const SHARED_ITEMS_MAX = 64;

function texts(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0) return none;
  const found: readonly string[] = value.filter(item => typeof item === 'string');
  if (found.length > SHARED_ITEMS_MAX) return found;
  const name = JSON.stringify(found);
  const known = lists.get(name);
  if (known !== undefined) return known;
  const list = Object.freeze(found.slice());
  lists.set(name, list);
  return list;
}

/** The order of `list`, for `sort`. */
export function byConsumerAndId(a: KeyRecord, b: KeyRecord): number {
  return a.consumer === b.consumer ? (a.id < b.id ? -1 : 1) : a.consumer < b.consumer ? -1 : 1;
}
