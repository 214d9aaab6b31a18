// Sessions that this worker has seen recently, by the cookie's text: opening them again needs neither a key nor the store. Bounded.

import type { Login } from '../../exchange/identity/login.ts';
import type { Session } from './session.ts';

export interface KnownSession {
  readonly session: Session;
  readonly login: Login;
  /** Monotonic milliseconds until which the session is used without checking again. */
  readonly untilMs: number;
  /** The value that has replaced this cookie's, which a request with the old one gets; null while the cookie is current. */
  readonly replacedBy: string | null;
}

const HALF_ENTRIES = 5_000;

export class SessionMemo {
  private recent = new Map<string, KnownSession>();
  private older = new Map<string, KnownSession>();

  get(cookie: string, nowMs: number): KnownSession | undefined {
    let known = this.recent.get(cookie);
    if (known === undefined) {
      known = this.older.get(cookie);
      if (known !== undefined) this.set(cookie, known);
    }
    return known !== undefined && known.untilMs > nowMs ? known : undefined;
  }

  set(cookie: string, known: KnownSession): void {
    if (this.recent.size >= HALF_ENTRIES) {
      this.older = this.recent;
      this.recent = new Map();
    }
    this.recent.set(cookie, known);
  }

  delete(cookie: string): void {
    this.recent.delete(cookie);
    this.older.delete(cookie);
  }

  /** Called when sessions were ended from outside. */
  clear(): void {
    this.recent.clear();
    this.older.clear();
  }
}
