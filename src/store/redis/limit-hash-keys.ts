// Hash keys that all gateways on one Redis share: the same caller has the same hash in each gateway.

import { createHash } from 'node:crypto';
import type { Feed } from '../feed.ts';
import { type LimitRule, ruleIdentity } from '../limiter/limit-rule.ts';
import type { LimitsNews } from './store-failure.ts';

export class LimitHashKeys {
  private readonly identities: readonly string[];
  private readonly keyPrefix: string;
  private readonly feed: Feed<LimitsNews>;
  private news: LimitsNews | undefined;
  private secret = '';
  private made: Int32Array;

  constructor(rules: readonly LimitRule[], keyPrefix: string, feed: Feed<LimitsNews>) {
    this.identities = rules.map(ruleIdentity);
    this.keyPrefix = keyPrefix;
    this.feed = feed;
    this.made = this.wordsOf(this.secret);
  }

  /** Two words per rule, made with the newest secret. */
  get words(): Int32Array {
    const { value } = this.feed;
    if (value !== this.news) this.take(value);
    return this.made;
  }

  private take(news: LimitsNews | undefined): void {
    this.news = news;
    if (news === undefined || news.secret === this.secret) return;
    this.secret = news.secret;
    this.made = this.wordsOf(news.secret);
  }

  private wordsOf(secret: string): Int32Array {
    const words = new Int32Array(2 * this.identities.length);
    for (const [at, identity] of this.identities.entries()) {
      const digest = createHash('sha256')
        .update(JSON.stringify([this.keyPrefix, secret, identity]))
        .digest();
      words[2 * at] = digest.readInt32LE(0);
      words[2 * at + 1] = digest.readInt32LE(4);
    }
    return words;
  }
}
