// Takes decisions to Redis: those of one turn of the event loop in one write, each server of a cluster for itself. Whoever does not
// answer in time is left alone until he does, so that no request waits for a server that is away.

import type { ChainableCommander, Cluster, Redis } from 'ioredis';
import type { RedisClient } from '../redis-client.ts';
import type { RedisStore } from '../redis-store.ts';
import { type ReturnWatch, watchForReturn } from '../return-watch.ts';
import { decideScript, decideSha } from './decide-script.ts';

/** One call of the script. */
export interface Decision {
  readonly slot: number;
  readonly keys: readonly string[];
  readonly values: readonly (string | number)[];
  /** Gets the script's reply; null when the store is away. Called once. */
  settle(reply: readonly number[] | null): void;
}

/** A server, or the one that there is. */
interface Target {
  away: boolean;
  watch: ReturnWatch | null;
  waiting: Decision[];
}

const ALONE = '';

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
    for (const [name, target] of this.targets) {
      if (target.waiting.length === 0) continue;
      const batch = target.waiting;
      target.waiting = [];
      this.sendBatch(name, target, batch);
    }
  }

  private sendBatch(name: string, target: Target, batch: Decision[]): void {
    const client = this.store.driver;
    if (client === null || !this.store.available || target.away) {
      for (const decision of batch) decision.settle(null);
      return;
    }
    this.batches++;
    this.decisions += batch.length;
    const untilMs = performance.now() + this.answerMsMax;
    const pipeline = client.pipeline();
    for (const { keys, values } of batch) pipeline.evalsha(decideSha, keys.length, ...keys, ...values);
    let settled = false;
    // Because: when this thread was held up, the answers may lie in the socket already. They are read before the verdict.
    const timer = setTimeout(() => setImmediate(() => giveUp()), this.answerMsMax);
    const giveUp = () => {
      if (settled) return;
      settled = true;
      this.leave(name, target);
      for (const decision of batch) decision.settle(null);
    };
    void (pipeline as ChainableCommander).exec().then(
      replies => {
        clearTimeout(timer);
        this.heard(target, replies);
        if (settled) return;
        settled = true;
        this.settleAll(client, batch, replies, untilMs);
      },
      () => {
        clearTimeout(timer);
        giveUp();
      },
    );
  }

  private settleAll(
    client: RedisClient,
    batch: readonly Decision[],
    replies: [Error | null, unknown][] | null,
    untilMs: number,
  ): void {
    for (const [at, decision] of batch.entries()) {
      const [error, reply] = replies?.[at] ?? [null, null];
      if (error?.message.startsWith('NOSCRIPT') === true) this.sendWhole(client, decision, untilMs);
      // Because: the script gives a list of integers.
      else decision.settle(error === null && Array.isArray(reply) ? (reply as number[]) : null);
    }
  }

  /** The server does not know the script yet: it gets the text once, within the time that was given to the decision. */
  private sendWhole(client: RedisClient, decision: Decision, untilMs: number): void {
    const { keys, values } = decision;
    let settled = false;
    const settle = (reply: readonly number[] | null) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      decision.settle(reply);
    };
    const timer = setTimeout(() => setImmediate(() => settle(null)), untilMs - performance.now());
    client.eval(decideScript, keys.length, ...keys, ...values).then(
      reply => settle(Array.isArray(reply) ? (reply as number[]) : null), // Because: as above
      () => settle(null),
    );
  }

  /** A late answer is a sign of life as well. */
  private heard(target: Target, replies: [Error | null, unknown][] | null): void {
    const isAlive = replies?.some(([error]) => error === null || error.name === 'ReplyError') === true;
    if (isAlive) this.comeBack(target);
  }

  private comeBack(target: Target): void {
    target.away = false;
    target.watch?.stop();
    target.watch = null;
  }

  private leave(name: string, target: Target): void {
    if (target.away) return;
    target.away = true;
    target.watch = watchForReturn(
      () => (this.store.driver === null ? null : nodeOf(this.store.driver, name)),
      () => this.comeBack(target),
    );
  }

  private targetOf(slot: number): Target {
    const name = targetName(this.store.driver, slot);
    let target = this.targets.get(name);
    if (target === undefined) {
      target = { away: false, watch: null, waiting: [] };
      this.targets.set(name, target);
    }
    return target;
  }
}

/** Which server has this slot now, as `host:port`. */
function targetName(client: RedisClient | null, slot: number): string {
  if (client === null || !client.isCluster) return ALONE;
  // Because: the driver keeps for each slot the names of its servers, master first, and does not tell its types.
  const { slots } = client as unknown as { readonly slots: readonly (readonly string[] | undefined)[] };
  return slots[slot]?.[0] ?? ALONE;
}

/** Null when there is no such server any more. */
function nodeOf(client: RedisClient, name: string): Redis | null {
  // Because: `isCluster` tells the two clients apart, which their types do not say.
  if (!client.isCluster) return client as Redis;
  for (const node of (client as Cluster).nodes('all'))
    if (`${node.options.host}:${node.options.port}` === name) return node;
  return null;
}
