// A key as a worker keeps it ready: whose it is, and what is to be looked at each time it comes.

import type { Consumer } from '../../exchange/consumer.ts';
import type { ConsumerDirectory, KnownKey as ListedKnownKey } from '../../exchange/consumer-directory.ts';
import { Login } from '../../exchange/login.ts';
import type { KeyRecord } from '../../store/keys/key-record.ts';

/** One for all that have none: stores hold many keys. */
const noTags: Consumer['tags'] = Object.freeze({});

interface KeyTerms {
  readonly id: string;
  readonly scopes: readonly string[];
  readonly routes: readonly string[] | null;
  readonly expiresAtMs: number | null;
  readonly disabled: boolean;
}

export class KnownKey {
  readonly login: Login;
  readonly scopes: readonly string[];
  /** Names of the routes that it is for; null for all. */
  readonly routes: ReadonlySet<string> | null;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  readonly disabled: boolean;
  /** Of the configuration: good without any store. */
  readonly isListed: boolean;

  private constructor({ id, scopes, routes, expiresAtMs, disabled }: KeyTerms, consumer: Consumer, isListed: boolean) {
    this.login = new Login({ by: 'apiKey', subject: id, keyId: id, scopes, claims: null }, consumer);
    this.scopes = scopes;
    this.routes = routes === null ? null : new Set(routes);
    this.expiresAtMs = expiresAtMs ?? Infinity;
    this.disabled = disabled;
    this.isListed = isListed;
  }

  static listed({ key, consumer }: ListedKnownKey): KnownKey {
    return new KnownKey(key, withPlan(consumer, key.plan), true);
  }

  static stored(record: KeyRecord, directory: ConsumerDirectory): KnownKey {
    const configured = directory.consumer(record.consumer);
    const { consumer: name, tenant, plan, groups } = record;
    const consumer =
      configured === undefined ? { name, tenant, plan, groups, tags: noTags } : withPlan(configured, record.plan);
    return new KnownKey(record, consumer, false);
  }
}

function withPlan(consumer: Consumer, plan: string | null): Consumer {
  if (plan === null || plan === consumer.plan) return consumer;
  const { name, tenant, groups, tags } = consumer;
  return { name, tenant, plan, groups, tags };
}
