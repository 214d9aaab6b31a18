// Fetches an issuer's keys, once per process: regularly in the background, again when a filter meets an unknown key, and never more
// often than configured. Fetched keys stay valid while the issuer is away, until their time is up.

import { isDeepStrictEqual } from 'node:util';
import { retryPauseMs } from '../../base/backoff.ts';
import { KeySet } from '../../base/jose/key-set.ts';
import type { AssumedAlgorithms, Jwk } from '../../base/jose/verification-key.ts';
import { messageOf } from '../../base/message-of.ts';
import { isSafeUrl } from '../../base/schema/server-url.ts';
import { FetchTrouble, fetchJson } from '../bounded-fetch.ts';
import type { FeedOutlet, FeedSource, FeedSpec, RunningFeed } from '../feed.ts';
import type { JwksSpec, JwksValue } from './jwks-feed.ts';

const DOCUMENT_BYTES_MAX = 512 * 1024;
const RETRY_MIN_MS = 1_000;
const RETRY_MAX_MS = 60_000;

/** Only to find out which keys are usable; each filter configures which algorithm a key without one serves. */
const anyAlgorithm: AssumedAlgorithms = { rsa: 'RS256', oct: 'HS256' };

export const jwksSource: FeedSource<JwksValue> = {
  kind: 'jwks',
  // Because: the issuer may have withdrawn keys meanwhile.
  staleAfterStop: true,
  originOf(spec: FeedSpec): string {
    // Because: only `jwksNeed` makes needs of this kind.
    const { url, issuer, allowHttp } = spec as JwksSpec;
    // Because: keys that came without TLS must not outlive the permission for that.
    return JSON.stringify([url, issuer, allowHttp]);
  },
  start(spec: FeedSpec, outlet: FeedOutlet<JwksValue>, before?: RunningFeed): RunningFeed {
    // Because: only `jwksNeed` makes needs of this kind.
    return new JwksFollower(spec as JwksSpec, outlet, before instanceof JwksFollower ? before : null);
  },
};

/**
 * The version that was given last, of any issuer's keys. Because: a feed that was stopped and started again must not repeat a version.
 * Workers may still hold the keys from before, and would take the new ones for those.
 */
let lastVersion = 0;

class JwksFollower implements RunningFeed {
  readonly ready: Promise<void>;
  private readonly spec: JwksSpec;
  private readonly outlet: FeedOutlet<JwksValue>;
  private readonly stopped = new AbortController();
  private keys: readonly Jwk[] = [];
  /** 0 until the first keys have been fetched. */
  private version = 0;
  private failures = 0;
  private triedAt = Number.NEGATIVE_INFINITY;
  /** When `keys` were fetched, by `performance.now()`. */
  private fetchedAt = Number.NEGATIVE_INFINITY;
  private underWay: Promise<void> | null = null;
  private next: NodeJS.Timeout | undefined;
  private end: NodeJS.Timeout | undefined;

  /** Begins with the keys of `before`, and fetches its own. */
  constructor(spec: JwksSpec, outlet: FeedOutlet<JwksValue>, before: JwksFollower | null) {
    this.spec = spec;
    this.outlet = outlet;
    if (before !== null) this.takeOver(before);
    this.ready = this.fetch();
  }

  /** A call during a fetch gets the promise of that fetch. */
  private fetch(): Promise<void> {
    this.underWay ??= this.tryOnce().finally(() => {
      this.underWay = null;
    });
    return this.underWay;
  }

  nudge(): void {
    if (this.stopped.signal.aborted || performance.now() - this.triedAt < this.spec.coolDownMs) return;
    void this.fetch();
  }

  stop(): void {
    this.stopped.abort();
    clearTimeout(this.next);
    clearTimeout(this.end);
  }

  private async tryOnce(): Promise<void> {
    clearTimeout(this.next);
    this.triedAt = performance.now();
    try {
      this.take(await this.load());
      this.failures = 0;
      this.outlet.report(null);
    } catch (error) {
      if (this.stopped.signal.aborted) return;
      this.failures++;
      this.outlet.report(messageOf(error));
    }
    if (this.stopped.signal.aborted) return;
    // Published after failures too: a request may be waiting to learn whether its key is there now.
    if (this.version > 0) this.publish();
    this.next = setTimeout(() => void this.fetch(), this.pauseMs());
  }

  /** Milliseconds until the next fetch: somewhat early and random, so that gateways do not all fetch at once. */
  private pauseMs(): number {
    const { refreshMs } = this.spec;
    if (this.failures === 0) return refreshMs * (0.9 + Math.random() * 0.1);
    return retryPauseMs(this.failures, RETRY_MIN_MS, Math.min(refreshMs, RETRY_MAX_MS));
  }

  private async load(): Promise<readonly Jwk[]> {
    const { url, issuer } = this.spec;
    if (issuer === '') return this.loadSet(url);
    const document = await this.get(url);
    if (document.issuer !== issuer) throw new FetchTrouble(`${url} is the document of another issuer`);
    const { jwks_uri: setUrl } = document;
    const parsed = typeof setUrl === 'string' ? URL.parse(setUrl) : null;
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) throw new FetchTrouble(`${url} names no key set`);
    if (!this.spec.allowHttp && !isSafeUrl(parsed)) throw new FetchTrouble(`${url} names a key set without TLS`);
    return this.loadSet(parsed.href);
  }

  private async loadSet(url: string): Promise<readonly Jwk[]> {
    const { keys } = await this.get(url);
    if (!Array.isArray(keys)) throw new FetchTrouble(`${url} is not a key set`);
    const objects = keys.filter((key): key is Jwk => typeof key === 'object' && key !== null && !Array.isArray(key));
    // Symmetric keys are left out: a published secret is no secret.
    const usable = objects.filter(({ kty, use }) => kty !== 'oct' && (use === undefined || use === 'sig'));
    const set = KeySet.of(usable, anyAlgorithm);
    if (set.keys.length === 0) {
      const [reason = 'none is for signatures'] = set.problems;
      throw new FetchTrouble(`${url} contains no usable key (${reason})`);
    }
    const keysNow = usable.map(publicMembers);
    if (!isDeepStrictEqual(keysNow, this.keys)) {
      for (const problem of set.problems) this.outlet.log('warn', 'a key of the issuer is left out', { url, problem });
    }
    return keysNow;
  }

  private get(url: string): Promise<Readonly<Record<string, unknown>>> {
    const { timeoutMs } = this.spec;
    return fetchJson(url, { timeoutMs, bytesMax: DOCUMENT_BYTES_MAX, signal: this.stopped.signal });
  }

  private take(keys: readonly Jwk[]): void {
    if (this.stopped.signal.aborted) return;
    if (this.version === 0 || !isDeepStrictEqual(keys, this.keys)) {
      if (this.version > 0) this.outlet.log('info', 'the keys of the issuer have changed', { url: this.spec.url });
      this.keys = keys;
      this.version = ++lastVersion;
    }
    this.fetchedAt = performance.now();
    this.expireIn(this.spec.lifeMs);
  }

  /**
   * Takes the keys of a feed of the same origin, unless they are too old for this one: they live as long as if this feed had fetched them.
   */
  private takeOver(before: JwksFollower): void {
    const leftMs = before.fetchedAt + this.spec.lifeMs - performance.now();
    if (before.keys.length === 0 || leftMs <= 0) return;
    this.keys = before.keys;
    this.fetchedAt = before.fetchedAt;
    this.version = ++lastVersion;
    this.expireIn(leftMs);
    this.publish();
  }

  private expireIn(ms: number): void {
    clearTimeout(this.end);
    this.end = setTimeout(() => this.expire(), ms);
  }

  private expire(): void {
    this.keys = [];
    this.version = ++lastVersion;
    this.outlet.log('error', 'the keys of the issuer have expired, nothing can be verified', { url: this.spec.url });
    this.publish();
  }

  private publish(): void {
    this.outlet.publish({ version: this.version, keys: this.keys, checkedAtMs: Date.now() });
  }
}

/** Leaves private members out: publishing a private key is the issuer's mistake, keeping it would be ours. */
function publicMembers({ kty, kid, use, key_ops, alg, n, e, crv, x, y }: Jwk): Jwk {
  const members = { kty, kid, use, key_ops, alg, n, e, crv, x, y };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
