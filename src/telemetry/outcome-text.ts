// The part of an access line that says how an exchange ended, as text made once for each outcome: one gateway has few different outcomes.

import { flatText } from '../base/latin1.ts';

/** How many outcomes are remembered. Two outcomes with the same place are made anew each time they alternate. */
const PLACES = 64;

/**
 * From the status to where the numbers begin: in two pieces with the consumer between them, and in one for exchanges without a consumer.
 */
export class OutcomeText {
  readonly status: number;
  readonly attempts: number;
  readonly code: string | null;
  readonly protocol: string;
  readonly beforeConsumer: string;
  readonly behindConsumer: string;
  readonly withoutConsumer: string;

  /** `code` and `protocol` must not need escapes. */
  constructor(status: number, attempts: number, code: string | null, protocol: string) {
    const codeJson = code === null ? 'null' : `"${code}"`;
    this.status = status;
    this.attempts = attempts;
    this.code = code;
    this.protocol = protocol;
    this.beforeConsumer = flatText(`,"status":${status},"attempts":${attempts},"consumer":`);
    this.behindConsumer = flatText(`,"code":${codeJson},"protocol":"${protocol}","bytesIn":`);
    this.withoutConsumer = flatText(`${this.beforeConsumer}null${this.behindConsumer}`);
  }

  private is(status: number, attempts: number, code: string | null, protocol: string): boolean {
    return this.status === status && this.attempts === attempts && this.code === code && this.protocol === protocol;
  }

  static of(status: number, attempts: number, code: string | null, protocol: string): OutcomeText {
    const place = (status + attempts * 17) % PLACES;
    const there = known[place]!;
    if (there.is(status, attempts, code, protocol)) return there;
    return (known[place] = new OutcomeText(status, attempts, code, protocol));
  }
}

const known: OutcomeText[] = new Array<OutcomeText>(PLACES).fill(new OutcomeText(0, 0, null, ''));
