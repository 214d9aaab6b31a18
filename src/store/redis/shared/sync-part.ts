// A part of the store with which a gateway keeps its limits in step: the only server, or a slot of a cluster. Each part is away by itself,
// and has one message under way. State only; level-sync.ts decides.

import type { ReportGroup } from './level-message.ts';

/** A part is late after this many rounds without an answer. Rounds, not time: a thread that is held up hears nobody. */
const PATIENCE_ROUNDS = 6;

export class SyncPart {
  readonly number: number;
  /** The beginning of its callers' keys in Redis. */
  readonly keyStart: string;
  /** Slots of the use table that are to be reported. */
  waiting: number[] = [];
  isAway = true;
  /** Number of the outage after which it is counted now. */
  epoch = 0;
  private sent: readonly ReportGroup[] | null = null;
  private rounds = 0;

  constructor(number: number, keyStart: string) {
    this.number = number;
    this.keyStart = keyStart;
  }

  /** What was sent and is not answered yet; null when nothing is. */
  get underWay(): readonly ReportGroup[] | null {
    return this.sent;
  }

  noteSent(groups: readonly ReportGroup[]): void {
    this.sent = groups;
    this.rounds = 0;
  }

  /** False for an answer that is awaited no more: one that comes after an outage describes a time that is over. */
  noteAnswered(groups: readonly ReportGroup[]): boolean {
    if (this.sent !== groups) return false;
    this.sent = null;
    return true;
  }

  /** Counts a round that has to wait for the answer. Returns whether the answer is late. */
  noteRound(): boolean {
    return this.sent !== null && ++this.rounds > PATIENCE_ROUNDS;
  }

  /** Returns what was under way, which is awaited no more. */
  leave(): readonly ReportGroup[] {
    const lost = this.sent ?? [];
    this.sent = null;
    this.isAway = true;
    return lost;
  }

  /** Starts a new epoch: levels are reported anew, since Redis may have lost them, and what was admitted meanwhile has partly drained. */
  comeBack(): void {
    this.epoch++;
    this.isAway = false;
  }
}
