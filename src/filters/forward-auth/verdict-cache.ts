// Verdicts that are still valid, and requests to the service under way: equal requests share one. Bounded; the oldest verdicts are dropped
// first. Refusals are kept apart: strangers cause them, and must neither displace the callers who were admitted nor fill the memory.

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

/** The most bytes of all refusals in one worker: each may hold a page, and anybody can cause as many different ones as he likes. */
export const REFUSED_BYTES_MAX = 8 * 1_024 * 1_024;

type Refusal = Extract<Verdict, { kind: 'refused' }>;
type Admission = Extract<Verdict, { kind: 'admitted' }>;

export class VerdictCache {
  private readonly lifeMs: number;
  private readonly admissions: KeptVerdicts<Admission>;
  private readonly refusals: KeptVerdicts<Refusal>;
  private readonly asked = new Map<string, { readonly form: string; readonly answer: Promise<Verdict> }>();

  /** With `lifeMs` 0, nothing is cached, and every request must ask for itself. */
  constructor(lifeMs: number, entriesMax: number) {
    this.lifeMs = lifeMs;
    this.admissions = new KeptVerdicts(entriesMax, Infinity);
    this.refusals = new KeptVerdicts(entriesMax, REFUSED_BYTES_MAX);
  }

  get enabled(): boolean {
    return this.lifeMs > 0;
  }

  /** The cached admission for a key, if it is still valid. */
  admission(key: string, nowMs: number): Admission | undefined {
    return this.admissions.get(key, nowMs);
  }

  /** The cached refusal for a form, if it is still valid. */
  refusal(form: string, nowMs: number): Refusal | undefined {
    return this.refusals.get(form, nowMs);
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
      const untilMs = now() + this.lifeMs;
      if (verdict.kind === 'admitted') this.admissions.keep(key, withoutCookies(verdict), untilMs, 0);
      else if (verdict.kind === 'refused' && !isOwn(verdict))
        this.refusals.keep(form, verdict, untilMs, bytesOf(verdict));
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
    if (form !== question.form) return this.refusal(question.form, now()) ?? this.resolve(question, now, question.form);
    return isOwn(verdict) ? question.ask() : verdict;
  }
}

/** Verdicts of one kind, by key, until their time is over. Beyond either bound the oldest are dropped. */
class KeptVerdicts<Of extends Verdict> {
  private readonly entriesMax: number;
  private readonly bytesMax: number;
  private readonly kept = new Map<string, { readonly verdict: Of; readonly untilMs: number; readonly bytes: number }>();
  private bytes = 0;

  constructor(entriesMax: number, bytesMax: number) {
    this.entriesMax = entriesMax;
    this.bytesMax = bytesMax;
  }

  get(key: string, nowMs: number): Of | undefined {
    const kept = this.kept.get(key);
    if (kept === undefined) return undefined;
    if (kept.untilMs > nowMs) return kept.verdict;
    this.drop(key);
    return undefined;
  }

  keep(key: string, verdict: Of, untilMs: number, bytes: number): void {
    this.drop(key);
    for (const oldest of this.kept.keys()) {
      if (this.kept.size < this.entriesMax && this.bytes + bytes <= this.bytesMax) break;
      this.drop(oldest);
    }
    this.kept.set(key, { verdict, untilMs, bytes });
    this.bytes += bytes;
  }

  private drop(key: string): void {
    this.bytes -= this.kept.get(key)?.bytes ?? 0;
    this.kept.delete(key);
  }
}

/** About the memory of a refusal. Its largest part is mostly the body. */
function bytesOf({ reply: { headers = [], body = '' } }: Refusal): number {
  let bytes = body.length;
  for (const [name, value] of headers) bytes += name.length + value.length;
  return bytes;
}

/** Whether a refusal sets a cookie: it starts the login of one browser, and must not be given to another. */
function isOwn({ reply }: Refusal): boolean {
  return Array.from(reply.headers ?? []).some(([name]) => name.toLowerCase() === 'set-cookie');
}

/** The verdict without its cookies: only the request that the service was asked about receives them. */
function withoutCookies(verdict: Admission): Admission {
  return verdict.cookies.length === 0 ? verdict : { ...verdict, cookies: [] };
}
