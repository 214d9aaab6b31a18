// Which refresh tokens are shown to the provider right now, and which cookie took the place of those that were: in memory that all workers
// share, for sessions that are in cookies. Bounded; of a gateway beside this one it knows nothing.

import { hash } from 'node:crypto';
import { AnswerTable, answerTableBytes } from '../../store/answer-table.ts';
import { steadySeconds } from '../../store/answers/steady-seconds.ts';
import { COOKIE_CHARACTERS_MAX } from './cookie-jar.ts';

/** Pages that nobody touches take no memory. For some 900 refreshes within `KEPT_S`; beyond it the oldest are forgotten. */
const MEMORY_BYTES = 16 * 1_024 * 1_024;
/** How long requests that still bring the cookie of before a refresh are led to the new one. */
export const KEPT_S = 30;

const ENDED = Buffer.alloc(0);

export const refreshTableNeed = {
  name: 'oidc refreshes',
  bytes: answerTableBytes(MEMORY_BYTES, COOKIE_CHARACTERS_MAX),
} as const;

export class RefreshTable {
  private readonly table: AnswerTable;

  /** Memory of `refreshTableNeed`. */
  constructor(memory: SharedArrayBuffer) {
    this.table = new AnswerTable(memory, COOKIE_CHARACTERS_MAX);
  }

  /**
   * What the caller tells how it went; null where somebody else is at it, or has done it. `key` names the refresh, and `forMs` is after
   * which time one who says nothing more, a worker that died, is not waited for.
   */
  claim(key: string, forMs: number): { done(cookie: string | null): void; release(): void } | null {
    const digest = digestOf(key);
    const claim = this.table.claim(digest, 0, steadySeconds(), Math.ceil(forMs / 1_000) + 1);
    if (claim.kind === 'underWay' || claim.kind === 'stored') return null;
    // Because: where there is no room to tell others of it, it is done nevertheless.
    const slot = claim.kind === 'first' ? claim.slot : -1;
    return {
      done: cookie => {
        const value = cookie === null ? ENDED : Buffer.from(cookie, 'latin1');
        if (slot !== -1) this.table.store(slot, digest, value, steadySeconds() + KEPT_S);
      },
      release: () => {
        if (slot !== -1) this.table.release(slot, digest);
      },
    };
  }

  /** The cookie that came of it; empty where the provider ended the session, undefined while nothing has come of it. */
  outcome(key: string): string | undefined {
    const found = this.table.find(digestOf(key), steadySeconds());
    return found?.kind === 'stored' ? found.bytes.toString('latin1') : undefined;
  }
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer').subarray(0, 16);
}
