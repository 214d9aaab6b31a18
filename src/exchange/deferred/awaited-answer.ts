// A deferred response: awaited, then kept in the store. While the store cannot be reached, keeping is tried again, for as long as the
// response would be kept. There are never more of these than the store has room for.

import type { Clock } from '../../base/clock.ts';
import type { ExpectedAnswer, SoonerOrLater } from '../../store/answers/answer-shelf.ts';
import { askShelf } from './ask-shelf.ts';
import type { Awaited, Unattended } from './unattended.ts';

/** Called once, with whether the response was kept. */
export type OnKept = (isKept: boolean) => void;

export class AwaitedAnswer implements Awaited {
  private readonly expected: ExpectedAnswer;
  private readonly unattended: Unattended;
  private readonly clock: Clock;
  private readonly keepMs: number;
  private readonly onKept: OnKept;
  private readonly release: () => void;
  /** The response: undefined until it arrives, null when it was too large or broken off. */
  private answer: Buffer | null | undefined;
  private answeredAt: number;
  private isAsking: boolean;

  /** `release` is called at the end; until then the store stays open. */
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

  /** The response has arrived and must be kept; null when it was too large or broken off. */
  come(answer: Buffer | null): void {
    this.answer = answer;
    this.answeredAt = this.clock.now;
    // A call to the store that is in progress continues with `keep` when it has its result.
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

  /** Asks the store. When it cannot be reached, the next call of `renew` tries again. */
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
