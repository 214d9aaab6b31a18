// Verdicts that are still valid, and requests to the service under way: equal requests share one. Bounded; the oldest verdicts are dropped
// first.

import type { Verdict } from './verdict.ts';

/** What one request needs to know from the service. */
export interface Question {
  /** Identifies everything that decides whether the request may pass. */
  readonly key: string;
  /**
   * The key with everything that the form of a refusal depends on: one caller requests both pages and data, and a login page suits only the
   * former.
   */
  readonly form: string;
  ask(): Promise<Verdict>;
  /** Whether the request still waits for the verdict. */
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

  /** With `lifeMs` 0, nothing is cached, and every request must ask for itself. */
  constructor(lifeMs: number, entriesMax: number) {
    this.lifeMs = lifeMs;
    this.entriesMax = entriesMax;
  }

  get enabled(): boolean {
    return this.lifeMs > 0;
  }

  /** The cached verdict for a key or form, if it is still valid. */
  get(key: string, nowMs: number): Verdict | undefined {
    const kept = this.kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.untilMs > nowMs) return kept.verdict;
    this.kept.delete(key);
    return undefined;
  }

  /**
   * The verdict of the request to the service that is under way for `as`, or of a new one. `now` gives the time when the response arrives.
   * `as` is first the key, since most callers are admitted, whatever form of response they want; then, for a refusal, the form.
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

  /** Adapts the verdict on another request with the same key to this request, or asks again when it does not apply. */
  private shared(verdict: Verdict, form: string, question: Question, now: () => number): Verdict | Promise<Verdict> {
    if (verdict.kind === 'admitted') return withoutCookies(verdict);
    if (verdict.kind === 'failed' || !question.isOpen()) return verdict;
    // Goes on by form: requests with different forms would otherwise wait for one another in turn.
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

/** Whether a refusal sets a cookie: it starts the login of one browser, and must not be given to another. */
function isOwn({ reply }: Extract<Verdict, { kind: 'refused' }>): boolean {
  return Array.from(reply.headers ?? []).some(([name]) => name.toLowerCase() === 'set-cookie');
}

/** The verdict without its cookies: only the request that the service was asked about receives them. */
function withoutCookies(verdict: Extract<Verdict, { kind: 'admitted' }>): Verdict {
  return verdict.cookies.length === 0 ? verdict : { ...verdict, cookies: [] };
}
