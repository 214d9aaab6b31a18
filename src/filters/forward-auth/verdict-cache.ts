// Verdicts that still hold, and questions that are under way: of many that ask the same, one asks. Bounded; the oldest go first.

import type { Verdict } from './verdict.ts';

/** What one request asks. */
export interface Question {
  /** What it depends on whether the request may pass. */
  readonly key: string;
  /** The same with what a refusal's form depends on: one caller asks for a page and for data, and a login page is no answer to both. */
  readonly form: string;
  ask(): Promise<Verdict>;
  /** Whether anybody still waits for the answer. */
  isOpen(): boolean;
}

interface Kept {
  readonly verdict: Verdict;
  readonly untilMs: number;
}

export class VerdictCache {
  private readonly lifeMs: number;
  private readonly entriesMax: number;
  private readonly kept = new Map<string, Kept>();
  private readonly asked = new Map<string, { readonly form: string; readonly answer: Promise<Verdict> }>();

  /** `lifeMs` 0 keeps nothing, and then every request asks for itself. */
  constructor(lifeMs: number, entriesMax: number) {
    this.lifeMs = lifeMs;
    this.entriesMax = entriesMax;
  }

  get enabled(): boolean {
    return this.lifeMs > 0;
  }

  get(key: string, nowMs: number): Verdict | undefined {
    const kept = this.kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.untilMs > nowMs) return kept.verdict;
    this.kept.delete(key);
    return undefined;
  }

  /**
   * The answer to the question that is under way for this key, or to its own. `now` gives the time when the answer comes. `as` is what
   * questions are the same by: first the key, since most callers pass whatever they want the answer to look like.
   */
  resolve(question: Question, now: () => number, as = question.key): Promise<Verdict> {
    const { key, form } = question;
    const underWay = this.asked.get(as);
    if (underWay !== undefined)
      return underWay.answer.then(verdict => this.shared(verdict, underWay.form, question, now));
    const answer = question.ask().then(verdict => {
      this.asked.delete(as);
      if (verdict.kind === 'admitted') this.keep(key, withoutCookies(verdict), now());
      else if (verdict.kind === 'refused' && !isOwn(verdict)) this.keep(form, verdict, now());
      return verdict;
    });
    this.asked.set(as, { form, answer });
    return answer;
  }

  /** The verdict on another request with this key, where it is one on this request as well. */
  private shared(verdict: Verdict, form: string, question: Question, now: () => number): Verdict | Promise<Verdict> {
    if (verdict.kind === 'admitted') return withoutCookies(verdict);
    if (verdict.kind === 'failed' || !question.isOpen()) return verdict;
    // By its form: those that wait for other forms would each wait for the one before.
    if (form !== question.form) return this.get(question.form, now()) ?? this.resolve(question, now, question.form);
    return isOwn(verdict) ? question.ask() : verdict;
  }

  private keep(key: string, verdict: Verdict, nowMs: number): void {
    this.kept.delete(key);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size < this.entriesMax) break;
      this.kept.delete(oldest);
    }
    this.kept.set(key, { verdict, untilMs: nowMs + this.lifeMs });
  }
}

/** A refusal that sets a cookie begins a login of one browser, and is nobody else's. */
function isOwn({ reply }: Extract<Verdict, { kind: 'refused' }>): boolean {
  return Array.from(reply.headers ?? []).some(([name]) => name.toLowerCase() === 'set-cookie');
}

/** Who asked is given them, and nobody else. */
function withoutCookies(verdict: Extract<Verdict, { kind: 'admitted' }>): Verdict {
  return verdict.cookies.length === 0 ? verdict : { ...verdict, cookies: [] };
}
