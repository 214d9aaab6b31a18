// Checks passwords, a few at once, and remembers what came of it: under a keyed hash, so that no password is kept.

import { createHmac, randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { type PasswordHash, verifyPassword } from '../../base/password-hash.ts';
import { RecentMap } from '../../base/recent-map.ts';

/** A login as it was written: what is remembered of it stands under its digest. */
export interface Attempt {
  readonly user: string;
  readonly password: string;
  readonly digest: string;
}

/** Wrong passwords that are remembered, so that one that is tried on and on costs no check. */
const WRONG_MAX = 4_096;

/** Too many logins wait. */
export class DeskFull extends Error {}

export interface PasswordDeskOptions {
  readonly hashes: ReadonlyMap<string, PasswordHash>;
  readonly checksAtOnce: number;
  readonly checksWaiting: number;
  readonly cachedLogins: number;
  readonly cacheForMs: number;
  readonly clock: Clock;
  /** For tests; `verifyPassword` otherwise. */
  readonly verify?: typeof verifyPassword;
}

export class PasswordDesk {
  private readonly options: PasswordDeskOptions;
  private readonly verify: typeof verifyPassword;
  private readonly key = randomBytes(32);
  /** Until when each is believed, milliseconds of the clock. */
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
   * `source` is who tries, as failed logins are counted: what one has proved is remembered for it alone. Otherwise a remembered
   * password could be guessed from anywhere, past every limit, while its owner is logged in.
   */
  attempt(source: string, user: string, password: string): Attempt {
    // Because: neither of the first two holds a NUL, so no two attempts are the same text.
    const text = `${source}\0${user}\0${password}`;
    return { user, password, digest: createHmac('sha256', this.key).update(text).digest('latin1') };
  }

  /** Nothing is remembered of it. */
  forget({ digest }: Attempt): void {
    this.right.delete(digest);
    this.wrong.delete(digest);
  }

  /** Whether it was right when it was checked last, however long ago: then it is no guess. */
  wasRight({ digest }: Attempt): boolean {
    return this.right.get(digest) !== undefined;
  }

  /** What is remembered; undefined when the password has to be checked. */
  remembered({ digest }: Attempt): boolean | undefined {
    const { now } = this.options.clock;
    if ((this.right.get(digest) ?? 0) > now) return true;
    return (this.wrong.get(digest) ?? 0) > now ? false : undefined;
  }

  /** Whether user and password belong together. Rejects with `DeskFull`. */
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
   * A user who is not there must take as long as one who is, and hashes of different makes take different times: each made-up name
   * has one of the hashes for its own, and keeps it.
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
      // Whoever is next takes this place over.
      if (next === undefined) this.busy--;
      else next();
    }
  }
}
