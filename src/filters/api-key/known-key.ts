// A key as a worker caches it: its owner, and what must be checked for each request.

import type { Consumer } from '../../exchange/identity/consumer.ts';
import type { ConsumerDirectory, KnownKey as ListedKnownKey } from '../../exchange/identity/consumer-directory.ts';
import { Login } from '../../exchange/identity/login.ts';
import { type KeyRecord, SHARED_ITEMS_MAX } from '../../store/keys/key-record.ts';

/** One object for all consumers without tags: stores hold many keys. */
const noTags: Consumer['tags'] = Object.freeze({});

/**
 * The measured memory of a key beside its texts: objects, its entry in a map, and fields for the upstream, which are largest when signed.
 */
const KNOWN_KEY_BYTES = 900;
const LIST_ITEM_BYTES = 64;

interface KeyTerms {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly routes: readonly string[] | null;
  readonly expiresAtMs: number | null;
  readonly disabled: boolean;
}

export class KnownKey {
  /** The key itself. */
  readonly text: string;
  readonly login: Login;
  readonly scopes: readonly string[];
  /** Names of the routes for which the key is valid; null for all. */
  readonly routes: ReadonlySet<string> | null;
  /** Milliseconds since 1970; Infinity when the key never expires. */
  readonly expiresAtMs: number;
  readonly disabled: boolean;
  /** The key is in the configuration, so it is valid without any store. */
  readonly isListed: boolean;
  /** Approximate size in memory. */
  readonly bytes: number;

  /** `text` must own its memory: a slice of a request head would keep the whole head in memory. */
  private constructor(text: string, terms: KeyTerms, consumer: Consumer, isListed: boolean) {
    const { id, scopes, routes, expiresAtMs, disabled } = terms;
    this.text = text;
    this.login = new Login({ by: 'apiKey', subject: id, keyId: id, scopes, claims: null }, consumer);
    this.scopes = scopes;
    this.routes = routes === null ? null : new Set(routes);
    this.expiresAtMs = expiresAtMs ?? Infinity;
    this.disabled = disabled;
    this.isListed = isListed;
    this.bytes =
      KNOWN_KEY_BYTES +
      text.length +
      id.length +
      consumer.name.length +
      (ownItems(consumer.groups) + ownItems(scopes) + (routes?.length ?? 0)) * LIST_ITEM_BYTES;
  }

  static listed(text: string, { key, consumer }: ListedKnownKey): KnownKey {
    return new KnownKey(text, key, withPlan(consumer, key.plan), true);
  }

  static stored(text: string, record: KeyRecord, directory: ConsumerDirectory): KnownKey {
    const configured = directory.consumer(record.consumer);
    const { consumer: name, tenant, plan, groups } = record;
    const consumer =
      configured === undefined ? { name, tenant, plan, groups, tags: noTags } : withPlan(configured, record.plan);
    return new KnownKey(text, record, consumer, false);
  }
}

/** How many items of a list belong to this key alone: short lists are shared with other keys. */
function ownItems({ length }: readonly string[]): number {
  return length > SHARED_ITEMS_MAX ? length : 0;
}

function withPlan(consumer: Consumer, plan: string | null): Consumer {
  if (plan === null || plan === consumer.plan) return consumer;
  const { name, tenant, groups, tags } = consumer;
  return { name, tenant, plan, groups, tags };
}
