// Answers in Redis, for all gateways that use it. They are sealed before they are sent; the scripts beside this file keep them.

import type { RedisStore } from '../redis/redis-store.ts';
import { StoreAway } from '../store-away.ts';
import {
  type AnswerShelf,
  type AnswerTicket,
  awaitedSeconds,
  type ExpectedAnswer,
  type FoundAnswer,
  placesOf,
  poolOf,
  type ShelfSpec,
  SILENCE_SECONDS_MAX,
} from './answer-shelf.ts';
import { awaitScript, findScript, forgetScript, keepScript } from './redis-answer-scripts.ts';
import { openAnswer, sealAnswer } from './sealed-answer.ts';

const STATES_WITHOUT_ANSWER = { n: 'notKept', w: 'pending' } as const;

export class RedisAnswers implements AnswerShelf {
  private readonly store: RedisStore;
  private readonly places: number;
  private readonly answerBytesMax: number;
  private readonly prefix: string;
  private readonly indexes: readonly [string, string];
  /** Since when Redis can be reached, as far as this worker knows; milliseconds of the monotonic clock. */
  private thereSince: number;

  constructor(store: RedisStore, spec: ShelfSpec) {
    this.store = store;
    this.places = placesOf(spec);
    this.answerBytesMax = spec.answerBytesMax;
    this.prefix = store.key('{answers}:');
    this.indexes = [store.key(`{answers}:kept:${poolOf(spec)}`), store.key(`{answers}:awaited:${poolOf(spec)}`)];
    this.thereSince = performance.now();
    store.onAvailability(available => {
      if (available) this.thereSince = performance.now();
    });
  }

  async expect(ticket: AnswerTicket, keepSeconds: number): Promise<ExpectedAnswer | null> {
    const first = await this.run(awaitScript, ticket, awaitedSeconds(keepSeconds));
    if (first !== 1) return null;
    return {
      renew: async () => void (await this.run(awaitScript, ticket, awaitedSeconds(keepSeconds))),
      keep: async answer => {
        const isKept = answer !== null && answer.length <= this.answerBytesMax;
        const bytes = isKept ? sealAnswer(ticket.sealKey, answer) : '';
        return (await this.run(keepScript, ticket, keepSeconds, isKept ? 'k' : 'n', bytes)) === 1;
      },
      forget: async () => void (await this.run(forgetScript, ticket, keepSeconds)),
    };
  }

  async find(ticket: AnswerTicket, keepSeconds: number): Promise<FoundAnswer> {
    const words = this.words(findScript, ticket, keepSeconds, this.silenceCounts ? '1' : '0');
    const found = await this.ask(this.answerBytesMax, words);
    // Because: the script returns a list of texts, which arrive as bytes.
    const [word, bytes] = found as [Buffer, Buffer?];
    const state = String(word);
    if (state === 'l') return { kind: 'lost', isFirstToKnow: String(bytes) === '1' };
    if (state === 'n' || state === 'w') return { kind: STATES_WITHOUT_ANSWER[state] };
    const answer = state === 'k' && bytes !== undefined ? openAnswer(ticket.sealKey, bytes) : null;
    return answer === null ? { kind: 'unknown' } : { kind: 'kept', answer };
  }

  hold(): () => void {
    return this.store.holds.hold();
  }

  /** Whether silence means that a worker is gone: a worker that was cut off from Redis together with this one first needs time to renew. */
  private get silenceCounts(): boolean {
    return performance.now() - this.thereSince > SILENCE_SECONDS_MAX * 1_000;
  }

  private run(
    script: string,
    ticket: AnswerTicket,
    keepSeconds: number,
    ...more: (string | Buffer)[]
  ): Promise<unknown> {
    const bytes = more.reduce((sum, each) => sum + each.length, 0);
    return this.ask(bytes, this.words(script, ticket, keepSeconds, ...more));
  }

  private async ask(bytes: number, words: readonly (string | number | Buffer)[]): Promise<unknown> {
    try {
      return await this.store.commandForBytes(bytes, 'EVAL', ...words);
    } catch (error) {
      // Because: when one server of a cluster goes away, the store does not.
      if (error instanceof StoreAway) this.thereSince = performance.now();
      throw error;
    }
  }

  private words(script: string, { digest }: AnswerTicket, keepSeconds: number, ...more: (string | Buffer)[]) {
    const member = digest.toString('hex');
    const keys = [this.prefix + member, ...this.indexes];
    return [script, keys.length, ...keys, member, this.prefix, this.places, keepSeconds, SILENCE_SECONDS_MAX, ...more];
  }
}
