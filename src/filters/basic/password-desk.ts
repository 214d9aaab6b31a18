// Verifies passwords, a few at once, and remembers the results under a keyed hash, so that no password is kept.

import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { type PasswordHash, verifyPassword } from '../../base/password-hash.ts';
import { RecentMap } from '../../base/recent-map.ts';

/** A login as the caller sent it. Results are remembered under `digest`. */
export interface Attempt {
  readonly user: string;
  readonly password: string;
  readonly digest: string;
}

/** How many wrong passwords are remembered, so that repeating one costs no verification. */
const WRONG_MAX = 4_096;

/** Too many logins are waiting. */
export class DeskFull extends Error {}

export interface PasswordDeskOptions {
  readonly hashes: ReadonlyMap<string, PasswordHash>;
  readonly checksAtOnce: number;
  readonly checksWaiting: number;
  readonly cachedLogins: number;
  readonly cacheForMs: number;
  readonly clock: Clock;
  /** Replaces `verifyPassword` in tests. */
  readonly verify?: typeof verifyPassword;
}

export class PasswordDesk {
  private readonly options: PasswordDeskOptions;
  private readonly verify: typeof verifyPassword;
  private readonly key = randomBytes(32);
  /** Until when each result may be used, in clock milliseconds, by digest. */
  private readonly right: RecentMap<number>;
  private readonly wrong: RecentMap<number>;
  private readonly underWay = new Map<string, Promise<boolean>>();
  private readonly waiting: (() => void)[] = [];
  private busy = 0;

  constructor(options: PasswordDeskOptions) {
    this.options = options;
    this.verify = options.verify ?? verifyPassword;
    this.right = new RecentMap(options.cachedLogins);
    this.wrong = new RecentMap(WRONG_MAX);
  }

  /**
   * `source` is the address block by which failed logins are counted. A result is remembered for that source alone. Otherwise, while the
   * owner of a password is logged in, anyone could guess it from anywhere, past every limit.
   */
  attempt(source: string, user: string, password: string): Attempt {
    // Because: neither `source` nor `user` contains a NUL, so different attempts have different texts.
    const text = `${source}\0${user}\0${password}`;
    return { user, password, digest: createHmac('sha256', this.key).update(text).digest('latin1') };
  }

  /** Forgets the result of this attempt. */
  forget({ digest }: Attempt): void {
    this.right.delete(digest);
    this.wrong.delete(digest);
  }

  /** Whether the password was right when it was last verified, however long ago: then the attempt is not a guess. */
  wasRight({ digest }: Attempt): boolean {
    return this.right.get(digest) !== undefined;
  }

  /** The remembered result; undefined when the password must be verified. */
  remembered({ digest }: Attempt): boolean | undefined {
    const { now } = this.options.clock;
    if ((this.right.get(digest) ?? 0) > now) return true;
    return (this.wrong.get(digest) ?? 0) > now ? false : undefined;
  }

  /** Whether the password is that of the user. Rejects with `DeskFull` when too many logins wait. */
  check(attempt: Attempt): Promise<boolean> {
    const { digest } = attempt;
    const same = this.underWay.get(digest);
    if (same !== undefined) return same;
    const { checksAtOnce, checksWaiting, clock, cacheForMs } = this.options;
    if (this.busy >= checksAtOnce && this.waiting.length >= checksWaiting) return Promise.reject(new DeskFull());
    const checked = this.inTurn(attempt).then(holds => {
      if (!holds) this.right.delete(digest);
      (holds ? this.right : this.wrong).set(digest, clock.now + cacheForMs);
      return holds;
    });
    this.underWay.set(digest, checked);
    const done = (): void => void this.underWay.delete(digest);
    checked.then(done, done);
    return checked;
  }

  /**
   * A hash to verify for a user that does not exist, so that the response takes as long as for one that exists. Hashes with different
   * settings take different times, so each unknown name is always given the same one of the hashes.
   */
  private decoyFor(user: string): PasswordHash {
    const all = [...this.options.hashes.values()];
    const place = createHmac('sha256', this.key).update(user).digest().readUInt32LE(0) % all.length;
    return all[place]!;
  }

  private async inTurn({ user, password }: Attempt): Promise<boolean> {
    if (this.busy >= this.options.checksAtOnce) await new Promise<void>(resolve => this.waiting.push(resolve));
    else this.busy++;
    try {
      const { hashes } = this.options;
      const known = hashes.get(user);
      return (await this.verify(known ?? this.decoyFor(user), password)) && known !== undefined;
    } finally {
      const next = this.waiting.shift();
      // The next attempt takes over this one's place.
      if (next === undefined) this.busy--;
      else next();
    }
  }
}
