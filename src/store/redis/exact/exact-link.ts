// Takes decisions to Redis: those of one turn of the event loop in one write, each server of a cluster for itself. Whoever does not
// answer in time is left alone until he does, so that no request waits for a server that is away.

import type { RedisClient } from '../redis-client.ts';
import type { RedisStore } from '../redis-store.ts';
import { type ReturnWatch, watchForReturn } from '../return-watch.ts';
import { decideScript, decideSha } from './decide-script.ts';
import { pipelinesOf, serverNamed, serverOf } from './slot-servers.ts';

/** One call of the script. */
export interface Decision {
  readonly slot: number;
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
  /** Gets the script's reply; null when the store is away. Called once. */
  settle(reply: readonly number[] | null): void;
  /** Gets a reply that came after `settle` was told of none. */
  late?(reply: readonly number[]): void;
}

/** Decisions that left together. */
interface Batch {
  readonly decisions: readonly Decision[];
  /** When they are made without an answer. */
  readonly untilMs: number;
  settled: boolean;
}

/** A server, or the one that there is. */
interface Target {
  readonly name: string;
  /** How often the connection was lost, or may have been. */
  losses: number;
  /** From then on until the server answers again. */
  isLost: boolean;
  /** By the server's clock, in us: when it was heard last, and when it had been at the last loss; 0 for never. */
  heardUs: number;
  lostUs: number;
  away: boolean;
  watch: ReturnWatch | null;
  /** To be sent at the end of this turn. */
  waiting: Decision[];
  /** Sent, the one that has to be answered first in front. */
  asked: Batch[];
  timer: NodeJS.Timeout | null;
}

/** Timers count whole milliseconds: one that is early by less is not set again. */
const EARLY_MS = 0.5;

export class ExactLink {
  private readonly store: RedisStore;
  private readonly answerMsMax: number;
  private readonly targets = new Map<string, Target>();
  private flushing = false;
  /** Round trips so far, and decisions that they carried. */
  batches = 0;
  decisions = 0;

  constructor(store: RedisStore, answerMsMax: number) {
    this.store = store;
    this.answerMsMax = answerMsMax;
    // Because: the driver says so before it tells each command, and of a store that stopped answering it tells none.
    store.onAvailability(available => {
      if (available) return;
      for (const target of this.targets.values()) {
        lose(target);
        abandon(target);
      }
    });
  }

  /** How often the server of this slot was lost: it may have forgotten then what it had counted. */
  lossesOf(slot: number): number {
    return this.targetOf(slot).losses;
  }

  /** When the server of this slot had been heard before it was lost last, in us of its own clock. */
  lostUs(slot: number): number {
    return this.targetOf(slot).lostUs;
  }

  /** Whether the server of this slot answers, as far as is known. */
  isAway(slot: number): boolean {
    return !this.store.available || this.targetOf(slot).away;
  }

  /** Sends it with all others of this turn. */
  send(decision: Decision): void {
    this.targetOf(decision.slot).waiting.push(decision);
    if (this.flushing) return;
    this.flushing = true;
    setImmediate(() => this.flush());
  }

  private flush(): void {
    this.flushing = false;
    for (const target of this.targets.values()) {
      if (target.waiting.length === 0) continue;
      // Because: what came has been read in this turn; whoever sends next does not wait for a server that let the last one down.
      this.judge(target);
      const decisions = target.waiting;
      target.waiting = [];
      for (const batch of pipelinesOf(this.store.driver, decisions)) this.sendBatch(target, batch);
    }
  }

  private sendBatch(target: Target, decisions: readonly Decision[]): void {
    const client = this.store.driver;
    if (client === null || !this.store.available || target.away) {
      for (const decision of decisions) decision.settle(null);
      return;
    }
    this.batches++;
    this.decisions += decisions.length;
    const batch: Batch = { decisions, untilMs: performance.now() + this.answerMsMax, settled: false };
    const pipeline = client.pipeline();
    for (const { keys, values } of decisions) pipeline.evalsha(decideSha, keys.length, ...keys, ...values);
    target.asked.push(batch);
    this.watchOver(target);
    void pipeline.exec().then(
      replies => {
        this.heard(target, replies);
        if (finish(target, batch)) this.settleAll(client, target, batch, replies);
        else tellLate(batch, replies);
      },
      () => {
        lose(target);
        if (batch.settled) return;
        this.leave(target);
      },
    );
  }

  private settleAll(
    client: RedisClient,
    target: Target,
    { decisions, untilMs }: Batch,
    replies: [Error | null, unknown][] | null,
  ): void {
    for (const [at, decision] of decisions.entries()) {
      const [error, reply] = replies?.[at] ?? [null, null];
      if (error !== null && asksAgain(error)) this.sendWhole(client, target, decision, untilMs);
      else decision.settle(error === null ? numbersOf(reply) : null);
    }
  }

  /** As a call of its own, with the text of the script and within the time that was given to the decision. The driver takes such a one to where its slot is now. */
  private sendWhole(client: RedisClient, target: Target, decision: Decision, untilMs: number): void {
    const batch: Batch = { decisions: [decision], untilMs, settled: false };
    target.asked.unshift(batch);
    this.watchOver(target);
    const settle = (reply: readonly number[] | null) => {
      if (finish(target, batch)) decision.settle(reply);
      else if (reply !== null) decision.late?.(reply);
    };
    client.eval(decideScript, decision.keys.length, ...decision.keys, ...decision.values).then(
      reply => settle(numbersOf(reply)),
      () => settle(null),
    );
  }

  /** One timer a server, for what has to be answered first. */
  private watchOver(target: Target): void {
    const [first] = target.asked;
    if (first === undefined || target.timer !== null) return;
    target.timer = setTimeout(
      () => {
        target.timer = null;
        // Because: when this thread was held up, the answers may lie in the socket already. They are read before the verdict.
        setImmediate(() => this.judge(target));
      },
      Math.max(1, first.untilMs - performance.now()),
    );
  }

  /** Leaves a server that owes an answer. */
  private judge(target: Target): void {
    const [first] = target.asked;
    if (first === undefined) return;
    if (performance.now() >= first.untilMs - EARLY_MS) this.leave(target);
    else this.watchOver(target);
  }

  /** A late answer is a sign of life as well. */
  private heard(target: Target, replies: [Error | null, unknown][] | null): void {
    const isAlive = replies?.some(([error]) => error === null || error.name === 'ReplyError') === true;
    if (!isAlive) {
      lose(target);
      return;
    }
    target.isLost = false;
    target.heardUs = timeIn(replies) ?? target.heardUs;
    this.comeBack(target);
  }

  private comeBack(target: Target): void {
    target.away = false;
    target.watch?.stop();
    target.watch = null;
  }

  /** Whoever asked it waits no longer, those included whose time is not over. */
  private leave(target: Target): void {
    if (!target.away) {
      target.away = true;
      target.watch = watchForReturn(
        () => (this.store.driver === null ? null : serverNamed(this.store.driver, target.name)),
        () => this.comeBack(target),
      );
    }
    abandon(target);
  }

  private targetOf(slot: number): Target {
    const name = serverOf(this.store.driver, slot);
    let target = this.targets.get(name);
    if (target === undefined) {
      const never = { losses: 0, isLost: false, heardUs: 0, lostUs: 0 };
      target = { name, ...never, away: false, watch: null, waiting: [], asked: [], timer: null };
      this.targets.set(name, target);
    }
    return target;
  }
}

/**
 * Whether the server has decided nothing, and would say so: it does not know the script yet, or the key's slot is moving or has moved to another one.
 * Of calls that went together the driver follows all or none, and does not look for where slots are now.
 */
function asksAgain({ message }: Error): boolean {
  return /^(NOSCRIPT|MOVED|ASK|TRYAGAIN) /.test(message);
}

/** Once for a loss, however many hear of it. */
function lose(target: Target): void {
  if (target.isLost) return;
  target.isLost = true;
  target.losses++;
  target.lostUs = target.heardUs;
}

/** The server's clock, which stands behind each decision. */
function timeIn(replies: [Error | null, unknown][] | null): number | undefined {
  return numbersOf(replies?.at(-1)?.[1])?.at(-1);
}

/** Decides all that was asked without an answer. */
function abandon(target: Target): void {
  const { asked } = target;
  target.asked = [];
  if (target.timer !== null) clearTimeout(target.timer);
  target.timer = null;
  for (const batch of asked) {
    batch.settled = true;
    for (const decision of batch.decisions) decision.settle(null);
  }
}

/** Takes an answered batch out; false when it was settled before. */
function finish(target: Target, batch: Batch): boolean {
  if (batch.settled) return false;
  batch.settled = true;
  // Because: answers come in the order of the questions, so mostly it is the first.
  target.asked.splice(target.asked.indexOf(batch), 1);
  if (target.asked.length === 0 && target.timer !== null) {
    clearTimeout(target.timer);
    target.timer = null;
  }
  return true;
}

function tellLate({ decisions }: Batch, replies: [Error | null, unknown][] | null): void {
  for (const [at, decision] of decisions.entries()) {
    const reply = numbersOf(replies?.[at]?.[1]);
    if (reply !== null) decision.late?.(reply);
  }
}

/** The script gives a list of integers; null for anything else. */
function numbersOf(reply: unknown): readonly number[] | null {
  return Array.isArray(reply) ? (reply as number[]) : null; // Because: as said
}
