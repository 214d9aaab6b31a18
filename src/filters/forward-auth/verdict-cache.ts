// Verdicts that still hold, and questions that are under way: of many that ask the same, one asks. Bounded; the oldest go first.

import type { Verdict } from './verdict.ts';

interface Kept {
  readonly verdict: Verdict;
  readonly untilMs: number;
}

export class VerdictCache {
  private readonly lifeMs: number;
  private readonly entriesMax: number;
  private readonly kept = new Map<string, Kept>();
  private readonly asked = new Map<string, Promise<Verdict>>();

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

  /** The answer to the question that is under way for this key, or to `ask`. `now` gives the time when the answer comes. */
  resolve(key: string, ask: () => Promise<Verdict>, now: () => number): Promise<Verdict> {
    const underWay = this.asked.get(key);
    if (underWay !== undefined) return underWay;
    const answer = ask().then(verdict => {
      this.asked.delete(key);
      if (verdict.kind !== 'failed') this.keep(key, verdict, now());
      return verdict;
    });
    this.asked.set(key, answer);
    return answer;
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
