// Sends decisions to Redis: those of one turn of the event loop in one write, separately for each server of a cluster. A server that does
// not answer in time is not asked until it answers again, so that no request waits for a server that is away.

import type { Cluster, Redis } from 'ioredis';
import { watchKeyForReturn } from '../key-return-watch.ts';
import type { RedisClient } from '../redis-client.ts';
import type { RedisStore } from '../redis-store.ts';
import { type ReturnWatch, watchForReturn } from '../return-watch.ts';
import { pipelinesOf, serverOf } from '../slot-servers.ts';
import { decideScript, decideSha } from './decide-script.ts';

/** One call of the script. */
export interface Decision {
  readonly slot: number;
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
  /** Called once, with the script's reply, or with null when the store is away. */
  settle(reply: readonly number[] | null): void;
  /** Called with a reply that arrives after `settle(null)`. */
  late?(reply: readonly number[]): void;
}

/** A moment at which a server was lost, or may have been: since then it may have forgotten its counts. */
export interface Loss {
  /** When the server had last been heard before, in us of its own clock; 0 for never. */
  readonly heardUs: number;
}

/** Decisions that were sent together. */
interface Batch {
  readonly decisions: readonly Decision[];
  /** When they are settled without an answer; milliseconds of the monotonic clock. */
  readonly untilMs: number;
  settled: boolean;
}

/** A server of the cluster, or the only server. */
interface Target {
  readonly name: string;
  /** The last loss; null before the first. */
  loss: Loss | null;
  /** True from a loss until the server answers again. */
  isLost: boolean;
  /** When the server was last heard, in us of its own clock; 0 for never. */
  heardUs: number;
  /** From an answer that was overdue until the next sign of life: decisions are settled without asking. */
  away: boolean;
  watch: ReturnWatch | null;
  /** Decisions to send at the end of this turn. */
  waiting: Decision[];
  /** Batches that were sent, the one that is due first in front. */
  asked: Batch[];
  timer: NodeJS.Timeout | null;
}

/** Timers count whole milliseconds: a timer that is early by less than this is not set again. */
const EARLY_MS = 0.5;

export class ExactLink {
  private readonly store: RedisStore;
  private readonly answerMsMax: number;
  private readonly targets = new Map<string, Target>();
  private flushing = false;
  /** Number of round trips so far, and of decisions that they carried. */
  batches = 0;
  decisions = 0;

  constructor(store: RedisStore, answerMsMax: number) {
    this.store = store;
    this.answerMsMax = answerMsMax;
    // Because: the driver reports a lost connection before it fails each command, and fails none when a store stops answering.
    store.onAvailability(available => {
      if (available) return;
      for (const target of this.targets.values()) {
        lose(target);
        abandon(target);
      }
    });
  }

  /** The last loss of the server of this slot, another object after each; null as long as it was never lost. */
  lossOf(slot: number): Loss | null {
    return this.targetOf(slot).loss;
  }

  /** Whether the server of this slot is away, as far as is known. */
  isAway(slot: number): boolean {
    return !this.store.available || this.targetOf(slot).away;
  }

  /** Sends the decision with all others of this turn. */
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
      // Because: all replies of this turn have been read; a late server is left first, so that new decisions do not wait for it.
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
        else settleLate(batch, replies);
      },
      () => {
        lose(target);
        if (!batch.settled) this.leave(target, batch);
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

  /** Sends one decision with the script's text, within the time it has left. For such a call the driver follows a slot that moved. */
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

  /** Sets one timer per server, for the batch that is due first. */
  private watchOver(target: Target): void {
    const [first] = target.asked;
    if (first === undefined || target.timer !== null) return;
    target.timer = setTimeout(
      () => {
        target.timer = null;
        // Because: after this thread was held up, the replies may already lie in the socket. They are read before the verdict.
        setImmediate(() => this.judge(target));
      },
      Math.max(1, first.untilMs - performance.now()),
    );
  }

  /** Leaves the server if an answer is overdue. */
  private judge(target: Target): void {
    const [first] = target.asked;
    if (first === undefined) return;
    if (performance.now() >= first.untilMs - EARLY_MS) this.leave(target, first);
    else this.watchOver(target);
  }

  /** Notes a sign of life; a late reply is one as well. */
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

  /** Stops waiting for the server, also for batches that are not due yet, and watches for its return. */
  private leave(target: Target, { decisions }: Batch): void {
    if (!target.away) {
      target.away = true;
      target.watch = this.watchFor(decisions[0]!.keys[0]!, () => this.comeBack(target));
    }
    abandon(target);
  }

  private watchFor(key: string, onBack: () => void): ReturnWatch {
    const { driver } = this.store;
    // Because: `isCluster` tells the two clients apart, which their types do not.
    if (driver?.isCluster) return watchKeyForReturn(driver as Cluster, key, onBack);
    return watchForReturn(() => this.store.driver as Redis | null, onBack);
  }

  private targetOf(slot: number): Target {
    const name = serverOf(this.store.driver, slot);
    let target = this.targets.get(name);
    if (target === undefined) {
      const never = { loss: null, isLost: false, heardUs: 0 };
      target = { name, ...never, away: false, watch: null, waiting: [], asked: [], timer: null };
      this.targets.set(name, target);
    }
    return target;
  }
}

/**
 * Whether the server has decided nothing and says so: it does not know the script yet, or the key's slot is moving or has moved. For calls
 * in one pipeline the driver redirects all or none, and does not refresh its map of slots.
 */
function asksAgain({ message }: Error): boolean {
  return /^(NOSCRIPT|MOVED|ASK|TRYAGAIN) /.test(message);
}

/** Counts a loss once, however many failures report it. */
function lose(target: Target): void {
  if (target.isLost) return;
  target.isLost = true;
  target.loss = { heardUs: target.heardUs };
}

/** The server's clock in us, which ends each reply. */
function timeIn(replies: [Error | null, unknown][] | null): number | undefined {
  return numbersOf(replies?.at(-1)?.[1])?.at(-1);
}

/** Settles all that was sent without an answer. */
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

/** Removes an answered batch; false when it was settled before. */
function finish(target: Target, batch: Batch): boolean {
  if (batch.settled) return false;
  batch.settled = true;
  // Because: answers arrive in the order of the questions, so the batch is mostly the first.
  target.asked.splice(target.asked.indexOf(batch), 1);
  if (target.asked.length === 0 && target.timer !== null) {
    clearTimeout(target.timer);
    target.timer = null;
  }
  return true;
}

function settleLate({ decisions }: Batch, replies: [Error | null, unknown][] | null): void {
  for (const [at, decision] of decisions.entries()) {
    const reply = numbersOf(replies?.[at]?.[1]);
    if (reply !== null) decision.late?.(reply);
  }
}

/** The script returns a list of integers; null for anything else. */
function numbersOf(reply: unknown): readonly number[] | null {
  return Array.isArray(reply) ? (reply as number[]) : null; // Because: see above
}
