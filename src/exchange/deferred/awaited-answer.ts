// A deferred response: awaited, then kept. While its store is away it is tried again, for as long as it would be
// kept; there are no more of them than the store has room for.

import type { Clock } from '../../base/clock.ts';
import type { ExpectedAnswer, SoonerOrLater } from '../../store/answers/answer-shelf.ts';
import { askShelf } from './ask-shelf.ts';
import type { Awaited, Unattended } from './unattended.ts';

/** Its outcome. */
export type OnKept = (isKept: boolean) => void;

export class AwaitedAnswer implements Awaited {
  private readonly expected: ExpectedAnswer;
  private readonly unattended: Unattended;
  private readonly clock: Clock;
  private readonly keepMs: number;
  private readonly onKept: OnKept;
  private readonly release: () => void;
  /** Null for one that is too large; undefined while there is none. */
  private answer: Buffer | null | undefined;
  private answeredAt: number;
  private isAsking: boolean;

  /** `release` releases the store, which is held until the end. */
  constructor(
    expected: ExpectedAnswer,
    unattended: Unattended,
    clock: Clock,
    keepMs: number,
    onKept: OnKept,
    release: () => void,
  ) {
    this.expected = expected;
    this.release = release;
    this.unattended = unattended;
    this.clock = clock;
    this.keepMs = keepMs;
    this.onKept = onKept;
    this.answer = undefined;
    this.answeredAt = 0;
    this.isAsking = false;
    unattended.add(this);
  }

  /** It has arrived, and must be kept. */
  come(answer: Buffer | null): void {
    this.answer = answer;
    this.answeredAt = this.clock.now;
    // A call in progress continues when it has its result.
    if (!this.isAsking) this.keep();
  }

  renew(): void {
    if (this.isAsking) return;
    if (this.answer !== undefined) this.keep();
    else this.ask(this.expected.renew, () => {});
  }

  private keep(): void {
    const { answer = null } = this;
    this.ask(
      () => this.expected.keep(answer),
      isKept => this.end(isKept && answer !== null),
    );
  }

  private end(isKept: boolean): void {
    this.onKept(isKept);
    this.unattended.delete(this);
    this.release();
  }

  /** A store that is away is tried again at the next call of `renew`. */
  private ask<Value>(question: () => SoonerOrLater<Value>, then: (value: Value) => void): void {
    const isOfAnswer = this.answer !== undefined;
    const later = askShelf(
      question,
      value => {
        this.isAsking = false;
        then(value);
        if (!isOfAnswer && this.answer !== undefined) this.keep();
      },
      () => {
        this.isAsking = false;
        if (this.answer !== undefined && this.clock.now - this.answeredAt > this.keepMs) this.end(false);
      },
    );
    this.isAsking = later !== null;
  }
}
