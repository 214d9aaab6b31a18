// An API key as a key store has it, and what every key store can do. The stores themselves are beside this file, one a kind.

import { RecentMap } from '../../base/recent-map.ts';

/** Everything about a key but the key: only its hash is kept. */
export interface KeyRecord {
  /** Name of the key: not secret, unique in the store. */
  readonly id: string;
  /** SHA-256 of the key, 64 lower case hexadecimal digits. */
  readonly hash: string;
  /** Who holds it. Where the configuration knows a consumer of this name, tenant, groups and tags are taken from there. */
  readonly consumer: string;
  readonly tenant: string | null;
  readonly plan: string | null;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  /** Names of the routes that it is for; null for all. */
  readonly routes: readonly string[] | null;
  /** Milliseconds since 1970; null for never. */
  readonly expiresAtMs: number | null;
  readonly disabled: boolean;
}

/** What a gateway reads. A store on this machine answers at once, others later; both reject or throw when the store is away. */
export interface KeySource {
  /** Another text whenever any key may have changed. Cheap: asked several times a second. */
  version(): string | Promise<string>;
  /** By its hash. Because a hash is looked up, and not the key, the time it takes tells nothing of the key. */
  find(hash: string): KeyRecord | null | Promise<KeyRecord | null>;
}

/** What the command line does beside. */
export interface KeyStore extends KeySource {
  /** Makes tables where they are missing. */
  prepare(): Promise<void>;
  /** Throws `KeyExists` for an id or a hash that is there. */
  add(record: KeyRecord): Promise<void>;
  /** Takes a key out for good; false when there is none of this id. */
  revoke(id: string): Promise<boolean>;
  /** All keys, by consumer and id. */
  list(): Promise<readonly KeyRecord[]>;
}

/** There is such a key. */
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

/** Reads details that somebody may have written by hand: what cannot be read makes a key that is refused, never one that may more. */
export function recordOf(id: string, hash: string, consumer: string, details: string): KeyRecord {
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

/** A record without its hash as one text; null where its names could not be told apart again. */
export function textOf(record: KeyRecord): string | null {
  const { id, consumer } = record;
  return id.includes('\n') || consumer.includes('\n') ? null : `${id}\n${consumer}\n${detailsOf(record)}`;
}

/** From a text of `textOf`; a disabled key where it is none. */
export function recordIn(hash: string, text: string): KeyRecord {
  const [id = '', consumer = '', details = ''] = text.split('\n');
  return recordOf(id, hash, consumer, details);
}

const nothing = { tenant: null, plan: null, groups: [], scopes: [], routes: null, expiresAtMs: null } as const;

function mapFrom(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    // Because: the line above has seen that it is a map, and every value is looked at before it is used.
    return isMap ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

const none: readonly string[] = Object.freeze([]);

/** Lists that keys had lately. There are many keys and few lists: each stands in memory once, of its length. */
const lists = new RecentMap<readonly string[]>(2_048);
/** A longer one is hardly another key's as well. */
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

export function byConsumerAndId(a: KeyRecord, b: KeyRecord): number {
  return a.consumer === b.consumer ? (a.id < b.id ? -1 : 1) : a.consumer < b.consumer ? -1 : 1;
}
