// A key as a worker keeps it ready: whose it is, and what is to be looked at each time it comes.

import type { Consumer } from '../../exchange/consumer.ts';
import type { ConsumerDirectory, KnownKey as ListedKnownKey } from '../../exchange/consumer-directory.ts';
import { Login } from '../../exchange/login.ts';
import { type KeyRecord, SHARED_ITEMS_MAX } from '../../store/keys/key-record.ts';

/** One for all that have none: stores hold many keys. */
const noTags: Consumer['tags'] = Object.freeze({});

/** What a key takes in memory beside its texts, as measured: objects, its place in a map, and fields for the upstream, which are largest where they are signed. */
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
  /** Names of the routes that it is for; null for all. */
  readonly routes: ReadonlySet<string> | null;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  readonly disabled: boolean;
  /** Of the configuration: good without any store. */
  readonly isListed: boolean;
  /** What it takes in memory, about. */
  readonly bytes: number;

  /** `text` stands in memory of its own: a piece of a head would keep the whole head. */
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

/** Short lists are shared with other keys. */
function ownItems({ length }: readonly string[]): number {
  return length > SHARED_ITEMS_MAX ? length : 0;
}

function withPlan(consumer: Consumer, plan: string | null): Consumer {
  if (plan === null || plan === consumer.plan) return consumer;
  const { name, tenant, groups, tags } = consumer;
  return { name, tenant, plan, groups, tags };
}
