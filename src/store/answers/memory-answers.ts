// Answers in memory that all workers of a process share. They are lost when the process ends.

import { AnswerTable } from '../answer-table.ts';
import {
  type AnswerShelf,
  type AnswerTicket,
  awaitedSeconds,
  type ExpectedAnswer,
  type FoundAnswer,
  SILENCE_SECONDS_MAX,
} from './answer-shelf.ts';
import { steadySeconds } from './steady-seconds.ts';

const withoutAnswer = {
  expired: { kind: 'gone' },
  notKept: { kind: 'notKept' },
  lost: { kind: 'lost', isFirstToKnow: false },
} as const;

export class MemoryAnswers implements AnswerShelf {
  private readonly table: AnswerTable;

  /** `memory` has the size that `answerTableBytes` returns for the same `answerBytesMax`. */
  constructor(memory: SharedArrayBuffer, answerBytesMax: number) {
    this.table = new AnswerTable(memory, answerBytesMax);
  }

  expect({ digest }: AnswerTicket, keepSeconds: number): ExpectedAnswer | null {
    const { table } = this;
    const claim = table.claim(digest, heardUntil(), steadySeconds(), awaitedSeconds(keepSeconds));
    if (claim.kind !== 'first') return null;
    const { slot } = claim;
    return {
      renew: () => {
        table.mark(slot, digest, heardUntil());
        table.extend(slot, digest, steadySeconds() + awaitedSeconds(keepSeconds));
      },
      keep: answer => table.store(slot, digest, answer, steadySeconds() + keepSeconds),
      forget: () => table.release(slot, digest),
    };
  }

  find({ digest }: AnswerTicket, keepSeconds: number): FoundAnswer {
    const now = steadySeconds();
    const found = this.table.find(digest, now);
    if (found === null) return { kind: 'unknown' };
    if (found.kind === 'stored') return { kind: 'kept', answer: found.bytes };
    if (found.kind !== 'underWay') return withoutAnswer[found.kind];
    if (found.mark >= now) return { kind: 'pending' };
    return { kind: 'lost', isFirstToKnow: this.table.giveUp(digest, now, now + keepSeconds) };
  }

  hold(): () => void {
    return () => {};
  }
}

/** Until when a worker that renews now counts as alive, in steady seconds. */
function heardUntil(): number {
  return steadySeconds() + SILENCE_SECONDS_MAX;
}
