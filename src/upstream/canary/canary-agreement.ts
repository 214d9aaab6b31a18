// What one gateway knows of a canary whose state is kept elsewhere, and what it wants to be kept. Whoever has seen enough first takes a step for
// all; a rollback is obeyed before it is kept, and stays whatever the others say. Pure; who reads and writes is in src/runtime/canary-keeper.ts.

import type { KeptRecord } from '../../store/records/record-book.ts';
import {
  type CanarySpec,
  type CanaryState,
  type Decision,
  type Look,
  nextCanary,
  shareOf,
  startCanary,
} from './canary-state.ts';
import { readKept, resumeCanary, writeKept } from './kept-canary.ts';
import { type ToldDecision, toldDecision } from './told-decision.ts';

const DECISIONS_KEPT = 20;

/** What is to be kept in the place of a version. */
export interface CanaryWrite {
  readonly text: string;
  readonly before: number;
}

interface Wish {
  readonly state: CanaryState;
  readonly told: readonly ToldDecision[];
  /** Not told yet. */
  readonly decision: Decision | null;
}

export class CanaryAgreement {
  private readonly spec: CanarySpec;
  /** Null while it is not known: then nobody gets the canary. */
  private current: CanaryState | null = null;
  private told: readonly ToldDecision[] = [];
  private wish: Wish | null = null;
  private version = 0;
  private text = '';

  constructor(spec: CanarySpec) {
    this.spec = spec;
  }

  get state(): CanaryState | null {
    return this.current;
  }

  /** Oldest first. */
  get decisions(): readonly ToldDecision[] {
    return this.told;
  }

  /** Something is to be kept that is not. */
  get wishes(): boolean {
    return this.wish !== null;
  }

  /** Where nothing is kept: it begins here. */
  hearNothing(look: Look): void {
    this.version = 0;
    this.text = '';
    if (this.current !== null) this.wish ??= this.asItIs(this.current);
    else {
      const state = startCanary(this.spec, look);
      const none = { reason: '', canaryRequests: 0, canaryErrorRate: 0, canaryP99Ms: 0, stable: null } as const;
      this.wish = this.wishFor(state, { kind: 'started', share: shareOf(state, this.spec), ...none });
    }
  }

  /** What is kept now. True when this gateway goes on from there. */
  hear({ version, text }: KeptRecord, look: Look, calendarMs: number): boolean {
    if (version === this.version && text === this.text) return false;
    const kept = readKept(text, this.spec);
    if (kept === null) {
      this.hearNothing(look);
      this.version = version;
      return false;
    }
    this.version = version;
    this.text = text;
    // What was seen to be bad is, whatever the others have not seen.
    if (this.current?.phase === 'rolledBack' && kept.phase !== 'rolledBack') {
      this.wish ??= this.asItIs(this.current);
      return false;
    }
    this.wish = null;
    this.told = kept.decisions;
    this.current = resumeCanary(kept, look, calendarMs);
    return true;
  }

  /** One look at the counts. What is to be told at once: a rollback. Steps wait until they are kept. */
  look(look: Look): Decision | null {
    if (this.current === null || this.wish !== null) return null;
    const next = nextCanary(this.current, this.spec, look);
    if (next.decision === null) {
      this.current = next.state;
      return null;
    }
    const wish = this.wishFor(next.state, next.decision);
    if (next.decision.kind !== 'rolledBack') {
      this.wish = wish;
      return null;
    }
    this.current = next.state;
    this.told = wish.told;
    this.wish = { ...wish, decision: null };
    return next.decision;
  }

  /** Null when there is nothing to be kept that is not. */
  toWrite(calendarMs: number): CanaryWrite | null {
    if (this.wish === null) return null;
    const { state, told } = this.wish;
    return { text: writeKept(state, told, calendarMs), before: this.version };
  }

  /** It is kept; what is to be told. */
  written({ text, before }: CanaryWrite): Decision | null {
    const { wish } = this;
    if (wish === null) return null;
    this.wish = null;
    this.version = before + 1;
    this.text = text;
    this.current = wish.state;
    this.told = wish.told;
    return wish.decision;
  }

  /** Another one was faster: what it kept comes with the next `hear`. A rollback is wished for again then. */
  refused(): void {
    this.wish = null;
    this.version = 0;
    this.text = '';
  }

  private asItIs(state: CanaryState): Wish {
    return { state, told: this.told, decision: null };
  }

  private wishFor(state: CanaryState, decision: Decision): Wish {
    return { state, told: [...this.told, toldDecision(decision)].slice(-DECISIONS_KEPT), decision };
  }
}
