// The issuer's keys as this worker has them: those of the configuration, or the newest ones from the feed. Fetches nothing.

import { createPublicKey, createSecretKey } from 'node:crypto';
import { jwsAlgorithms } from '../../base/jose/jws-algorithm.ts';
import { KeySet } from '../../base/jose/key-set.ts';
import { ready, UnusableKey, type VerificationKey, verificationKey } from '../../base/jose/verification-key.ts';
import type { Feed } from '../../store/feed.ts';
import type { JwksValue } from '../../store/jwks/jwks-feed.ts';
import type { JwtConfig } from './config.ts';

/** How long a request may wait for an unknown key, in ms; the fetch continues without it. */
const RENEWAL_WAIT_MS = 2_000;
/** How many requests of one worker may wait for keys at once. */
const WAITING_MAX = 500;

export class IssuerKeys {
  /** Incremented whenever the keys change. */
  generation = 0;
  private set: KeySet | null = null;
  private readonly config: JwtConfig;
  private readonly feed: Feed<JwksValue> | null;
  private value: JwksValue | undefined = undefined;
  private renewal: Promise<void> | null = null;
  private waiting = 0;
  /** When this worker last requested newer keys; milliseconds since 1970. */
  private askedAtMs = 0;

  /** `feed` is null when the configuration holds the keys. Throws a TypeError when none of those can be used, or one is faulty. */
  constructor(config: JwtConfig, feed: Feed<JwksValue> | null) {
    this.config = config;
    this.feed = feed;
    if (feed === null) this.set = configuredKeys(config);
  }

  /** The newest keys; null while there are none. */
  current(): KeySet | null {
    const { feed } = this;
    if (feed !== null && feed.value !== this.value) this.take(feed.value);
    return this.set;
  }

  /**
   * Resolves when the issuer was asked again, or did not answer in time. Null when it was asked recently, or when too many requests wait:
   * then an unknown key stays unknown. Null also before the first keys have arrived: the feed is trying already.
   */
  renewed(): Promise<void> | null {
    const { feed, value } = this;
    if (feed === null || value === undefined || this.waiting >= WAITING_MAX) return null;
    if (this.renewal === null) {
      const nowMs = Date.now();
      if (this.isLately(value.checkedAtMs, nowMs) || this.isLately(this.askedAtMs, nowMs)) return null;
      this.askedAtMs = nowMs;
      feed.nudge('unknown key');
      this.renewal = nextValue(feed).finally(() => {
        this.renewal = null;
        this.waiting = 0;
      });
    }
    this.waiting++;
    return this.renewal;
  }

  /**
   * Whether a time is within the cool-down. A time in the future comes from a clock that was set back since; waiting for it could take
   * hours.
   */
  private isLately(atMs: number, nowMs: number): boolean {
    return atMs <= nowMs && nowMs - atMs < this.config.coolDown;
  }

  private take(value: JwksValue | undefined): void {
    const before = this.value;
    this.value = value;
    if (value?.version === before?.version) return;
    this.generation++;
    const all = KeySet.of(value?.keys ?? [], assumedAlgorithms(this.config), this.set);
    const set = new KeySet(all.keys.filter(({ algorithm }) => isAllowed(this.config, algorithm.name)));
    this.set = set.keys.length === 0 ? null : set;
  }
}

function nextValue(feed: Feed<JwksValue>): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, RENEWAL_WAIT_MS);
    const stop = feed.onChange(done);
  });
}

function assumedAlgorithms({ algorithms = [] }: JwtConfig): { rsa: string; oct: string } {
  return {
    rsa: algorithms.find(name => /^[RP]S/.test(name)) ?? 'RS256',
    oct: algorithms.find(name => name.startsWith('HS')) ?? 'HS256',
  };
}

function isAllowed({ algorithms }: JwtConfig, name: string): boolean {
  return algorithms === undefined || algorithms.some(each => each === name);
}

function configuredKeys(config: JwtConfig): KeySet {
  const { keys: source } = config;
  if (source === undefined || 'discovery' in source || 'url' in source)
    throw new TypeError('the keys are not given here');
  const set = 'set' in source ? KeySet.of(source.set, assumedAlgorithms(config)) : new KeySet([singleKey(source)]);
  const allowed = set.keys.filter(({ algorithm }) => isAllowed(config, algorithm.name));
  if (set.problems.length > 0) throw new TypeError(`keys: ${set.problems.join('; ')}`);
  if (allowed.length === 0) throw new TypeError('keys: `algorithms` leaves no key that could be used');
  return new KeySet(allowed);
}

function singleKey(
  source: { pem: string; algorithm: string } | { secret: string; algorithm: string },
): VerificationKey {
  const algorithm = jwsAlgorithms.get(source.algorithm);
  if (algorithm === undefined) throw new TypeError(`keys: there is no algorithm ${source.algorithm}`);
  const key =
    'pem' in source
      ? ready(publicKeyOf(source.pem), '', algorithm)
      : verificationKey(
          // Because: the type of a JWK has no index signature, and the key is read member by member.
          createSecretKey(source.secret, 'utf8').export({ format: 'jwk' }) as Readonly<Record<string, unknown>>,
          {
            rsa: '',
            oct: algorithm.name,
          },
        );
  if (key instanceof UnusableKey) throw new TypeError(`keys: ${key.reason}`);
  return key;
}

function publicKeyOf(pem: string) {
  try {
    return createPublicKey(pem);
  } catch {
    throw new TypeError('keys: the PEM text holds no public key that can be read');
  }
}
