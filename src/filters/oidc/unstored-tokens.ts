// New tokens that a store did not accept after the provider had replaced the old ones. A provider may accept each refresh token once only,
// so this worker keeps the new tokens and stores them as soon as the store accepts them. Refreshes nothing itself.

import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import { hasSameTokens, type Session } from './session.ts';
import type { SessionKeeper } from './session-keeper.ts';

const STORE_AGAIN_MS = 500;
/** How long storing is tried. Afterwards the next request shows the provider the old refresh token again. */
const HELD_MS = 600_000;

interface Unstored {
  /** The session as the store has it, with the tokens that were replaced. */
  readonly stored: Session;
  readonly next: Session;
}

export class UnstoredTokens {
  private readonly keeper: SessionKeeper;
  private readonly worker: WorkerServices;
  private readonly lifeMs: number;
  /** By cookie. Stays small: a refresh begins with a claim, which a store that accepts nothing refuses too. */
  private readonly held = new Map<string, Unstored>();

  constructor(keeper: SessionKeeper, worker: WorkerServices, lifeMs: number) {
    this.keeper = keeper;
    this.worker = worker;
    this.lifeMs = lifeMs;
  }

  /** The session with the newest tokens that this worker knows. `stored` is the session of this cookie as the store has it. */
  newest(cookie: string, stored: Session | null): Session | null {
    const held = this.held.get(cookie);
    return held !== undefined && stored !== null && hasSameTokens(stored, held.stored) ? held.next : stored;
  }

  /** Keeps `next`, whose tokens replaced those of `before`, and stores it in the background. */
  hold(cookie: string, before: Session, next: Session): void {
    const held = this.held.get(cookie);
    this.held.set(cookie, { stored: held?.stored ?? before, next });
    if (held === undefined) void this.storeLater(cookie);
  }

  private async storeLater(cookie: string): Promise<void> {
    const until = performance.now() + HELD_MS;
    let isStored = false;
    while (!isStored && performance.now() < until) {
      await delay(STORE_AGAIN_MS, undefined, { ref: false });
      isStored = await this.store(cookie).catch(() => false);
    }
    this.held.delete(cookie);
    if (!isStored) this.worker.log('error', 'oidc tokens could not be stored', { triedForMs: HELD_MS });
  }

  /** Whether nothing remains to be stored for this cookie. Rejects when the store is away or refuses. */
  private async store(cookie: string): Promise<boolean> {
    const { stored, next } = this.held.get(cookie)!;
    const current = await this.keeper.find(cookie);
    // Because: the session may have ended, or its tokens may have been replaced again. Also a write without an answer may have succeeded.
    if (current === null || !hasSameTokens(current, stored)) return true;
    await this.keeper.keep(next, cookie, this.lifeMs);
    const newest = this.held.get(cookie)!.next;
    if (newest === next) return true;
    // Because: these tokens were replaced while they were stored; from now on the store has them in place of the first ones.
    this.held.set(cookie, { stored: next, next: newest });
    return false;
  }
}
