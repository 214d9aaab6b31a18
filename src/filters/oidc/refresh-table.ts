// Which refresh tokens are being used right now, and which cookies replaced those of finished refreshes: in memory that all workers share,
// for sessions in cookies. Bounded. Knows nothing of other gateways.

import { hash } from 'node:crypto';
import { AnswerTable, answerTableBytes } from '../../store/answer-table.ts';
import { steadySeconds } from '../../store/answers/steady-seconds.ts';
import { COOKIE_CHARACTERS_MAX } from './cookie-jar.ts';

/** Enough for some 900 refreshes within `KEPT_S`; beyond that, the oldest are forgotten. Untouched pages take no memory. */
const MEMORY_BYTES = 16 * 1_024 * 1_024;
/** How long requests with the cookie from before a refresh are given the new one, in seconds. */
export const KEPT_S = 30;

const ENDED = Buffer.alloc(0);

export const refreshTableNeed = {
  name: 'oidc refreshes',
  bytes: answerTableBytes(MEMORY_BYTES, COOKIE_CHARACTERS_MAX),
} as const;

export class RefreshTable {
  private readonly table: AnswerTable;

  /** `memory` is the table that `refreshTableNeed` names. */
  constructor(memory: SharedArrayBuffer) {
    this.table = new AnswerTable(memory, COOKIE_CHARACTERS_MAX);
  }

  /**
   * Claims a refresh. Null when another request is doing it, or has done it; otherwise the caller must report the outcome. `key` names the
   * refresh. After `forMs` without a report, as when a worker died, the claim lapses.
   */
  claim(key: string, forMs: number): { done(cookie: string | null): void; release(): void } | null {
    const digest = digestOf(key);
    const claim = this.table.claim(digest, 0, steadySeconds(), Math.ceil(forMs / 1_000) + 1);
    if (claim.kind === 'underWay' || claim.kind === 'stored') return null;
    // Because: when the table has no room to tell other workers, the refresh is done nevertheless.
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

  /** The cookie that a refresh produced; empty when the provider ended the session, undefined while there is no outcome. */
  outcome(key: string): string | undefined {
    const found = this.table.find(digestOf(key), steadySeconds());
    return found?.kind === 'stored' ? found.bytes.toString('latin1') : undefined;
  }
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer').subarray(0, 16);
}
