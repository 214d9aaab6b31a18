// Asks the server about tokens, with one request at a time per token, and remembers the responses for a while. Decides nothing; see
// filter.ts.

import { hash } from 'node:crypto';
import { flatText } from '../../base/latin1.ts';
import { RecentMap } from '../../base/recent-map.ts';
import type { WorkerServices } from '../../exchange/worker-services.ts';
import { FetchTrouble, fetchJson } from '../../store/bounded-fetch.ts';
import type { IntrospectConfig } from './config.ts';
import { clientAuthorization, questionAbout } from './question.ts';
import { type TokenResult, tokenResultOf } from './token-result.ts';

const ANSWER_BYTES_MAX = 64 * 1024;

export class TokenDesk {
  private readonly config: IntrospectConfig;
  private readonly worker: WorkerServices;
  private readonly authorization: string;
  private readonly good: RecentMap<TokenResult>;
  /**
   * Separate from valid tokens, so that made-up tokens cannot displace them. Keyed by the tokens' hashes: the caller decides how long a
   * made-up token is, and could otherwise use as much memory as it likes.
   */
  private readonly refused: RecentMap<TokenResult>;
  private readonly underWay = new Map<string, Promise<TokenResult | null>>();
  private away = false;

  constructor(config: IntrospectConfig, worker: WorkerServices) {
    this.config = config;
    this.worker = worker;
    this.authorization = clientAuthorization(config);
    this.good = new RecentMap(config.cacheEntries);
    this.refused = new RecentMap(config.cacheEntries);
  }

  /** The last result for a token, however old; see `TokenResult.freshUntilMs`. */
  known(token: string): TokenResult | undefined {
    return this.good.get(token) ?? this.refused.get(hashed(token));
  }

  /** Resolves with the server's result, or with null when the server cannot be asked. Concurrent calls for one token share a request. */
  ask(token: string): Promise<TokenResult | null> {
    const asked = this.underWay.get(token);
    if (asked !== undefined) return asked;
    if (this.underWay.size >= this.config.concurrency) return Promise.resolve(null);
    // The token is a slice of a request head, and would keep the whole head in memory.
    const key = flatText(token);
    const answer = this.question(key).finally(() => this.underWay.delete(key));
    this.underWay.set(key, answer);
    return answer;
  }

  private async question(token: string): Promise<TokenResult | null> {
    const { config, worker } = this;
    try {
      const answer = await fetchJson(config.url, {
        method: 'POST',
        timeoutMs: config.timeout,
        bytesMax: ANSWER_BYTES_MAX,
        headers: { authorization: this.authorization, 'content-type': 'application/x-www-form-urlencoded' },
        body: questionAbout(token),
      });
      const said = tokenResultOf(answer, config, worker.clock.tick(), Date.now());
      // Because: the server does not distinguish an expired token from a made-up one.
      const result: TokenResult =
        said.failure === 'unknown' && this.wasValid(token) ? { ...said, failure: 'expired' } : said;
      this.keep(token, result);
      this.become(false, '');
      return result;
    } catch (error) {
      const isExpected = error instanceof FetchTrouble || error instanceof TypeError;
      this.become(true, isExpected ? error.message : 'unexpected error');
      return null;
    }
  }

  private wasValid(token: string): boolean {
    return this.good.get(token) !== undefined || this.refused.get(hashed(token))?.failure === 'expired';
  }

  private keep(token: string, result: TokenResult): void {
    if (result.failure === null) {
      this.refused.delete(hashed(token));
      this.good.set(token, result);
    } else {
      this.good.delete(token);
      this.refused.set(hashed(token), result);
    }
  }

  /** Logs changes only: a server that is away is away for every request. */
  private become(away: boolean, reason: string): void {
    if (this.away === away) return;
    this.away = away;
    if (away) this.worker.log('warn', 'the introspection server cannot be asked', { reason });
    else this.worker.log('info', 'the introspection server answers again');
  }
}

function hashed(token: string): string {
  return hash('sha256', token, 'base64url');
}
