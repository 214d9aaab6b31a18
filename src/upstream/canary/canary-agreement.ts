// One gateway's view of a canary whose state is kept in a store shared with other gateways, and the state that this gateway wants stored.
// The first gateway that has seen enough takes a step for all. A rollback takes effect here before it is stored, and stays whatever the
// others decide. Pure; src/runtime/canary-keeper.ts reads and writes the store.

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
import { type DecisionReport, decisionReport } from './decision-report.ts';
import { readStored, resumeCanary, writeStored } from './stored-canary.ts';

const DECISIONS_KEPT = 20;

/** A record to be stored, provided that the stored version is still `before`. */
export interface CanaryWrite {
  readonly text: string;
  readonly before: number;
}

/** A state that this gateway wants stored. */
interface PendingWrite {
  readonly state: CanaryState;
  readonly reports: readonly DecisionReport[];
  /** The decision to announce once the state is stored; null when there is none, or it was announced already. */
  readonly decision: Decision | null;
}

export class CanaryAgreement {
  private readonly spec: CanarySpec;
  /** Null while the state is not known; nobody gets the canary then. */
  private current: CanaryState | null = null;
  private reports: readonly DecisionReport[] = [];
  private pendingWrite: PendingWrite | null = null;
  private version = 0;
  private text = '';

  constructor(spec: CanarySpec) {
    this.spec = spec;
  }

  get state(): CanaryState | null {
    return this.current;
  }

  /** The latest decisions, oldest first. */
  get decisions(): readonly DecisionReport[] {
    return this.reports;
  }

  /** Whether this gateway wants a state stored that is not stored yet. */
  get hasPendingWrite(): boolean {
    return this.pendingWrite !== null;
  }

  /** The store has no record: the canary begins here, or the state that this gateway already has is to be stored. */
  foundNoRecord(look: Look): void {
    this.version = 0;
    this.text = '';
    if (this.current !== null) this.pendingWrite ??= this.pendingWriteOf(this.current);
    else {
      const state = startCanary(this.spec, look);
      const none = { reason: '', canaryRequests: 0, canaryErrorRate: 0, canaryP99Ms: 0, stable: null } as const;
      this.pendingWrite = this.pendingWriteAfter(state, { kind: 'started', share: shareOf(state, this.spec), ...none });
    }
  }

  /**
   * Takes over the stored record. True when this gateway continues from it. `calendarMs` is added to the looks' clock to get milliseconds
   * since 1970.
   */
  foundRecord({ version, text }: KeptRecord, look: Look, calendarMs: number): boolean {
    if (version === this.version && text === this.text) return false;
    const kept = readStored(text, this.spec);
    if (kept === null) {
      this.foundNoRecord(look);
      this.version = version;
      return false;
    }
    this.version = version;
    this.text = text;
    // A rollback that this gateway decided stands, even when the other gateways have not seen the reason.
    if (this.current?.phase === 'rolledBack' && kept.phase !== 'rolledBack') {
      this.pendingWrite ??= this.pendingWriteOf(this.current);
      return false;
    }
    this.pendingWrite = null;
    this.reports = kept.decisions;
    this.current = resumeCanary(kept, look, calendarMs);
    return true;
  }

  /**
   * Evaluates the counts once. Returns a decision to announce at once, which can only be a rollback; steps are announced once they are
   * stored.
   */
  look(look: Look): Decision | null {
    if (this.current === null || this.pendingWrite !== null) return null;
    const next = nextCanary(this.current, this.spec, look);
    if (next.decision === null) {
      this.current = next.state;
      return null;
    }
    const pendingWrite = this.pendingWriteAfter(next.state, next.decision);
    if (next.decision.kind !== 'rolledBack') {
      this.pendingWrite = pendingWrite;
      return null;
    }
    this.current = next.state;
    this.reports = pendingWrite.reports;
    this.pendingWrite = { ...pendingWrite, decision: null };
    return next.decision;
  }

  /** The record to store; null when there is nothing new to store. */
  toWrite(calendarMs: number): CanaryWrite | null {
    if (this.pendingWrite === null) return null;
    const { state, reports } = this.pendingWrite;
    return { text: writeStored(state, reports, calendarMs), before: this.version };
  }

  /** The record was stored. Returns the decision to announce, or null. */
  written({ text, before }: CanaryWrite): Decision | null {
    const { pendingWrite } = this;
    if (pendingWrite === null) return null;
    this.pendingWrite = null;
    this.version = before + 1;
    this.text = text;
    this.current = pendingWrite.state;
    this.reports = pendingWrite.reports;
    return pendingWrite.decision;
  }

  /**
   * Another gateway stored its record first; that record comes with the next `foundRecord`, which also asks again for a rollback to be
   * stored.
   */
  writeRefused(): void {
    this.pendingWrite = null;
    this.version = 0;
    this.text = '';
  }

  private pendingWriteOf(state: CanaryState): PendingWrite {
    return { state, reports: this.reports, decision: null };
  }

  private pendingWriteAfter(state: CanaryState, decision: Decision): PendingWrite {
    return { state, reports: [...this.reports, decisionReport(decision)].slice(-DECISIONS_KEPT), decision };
  }
}
