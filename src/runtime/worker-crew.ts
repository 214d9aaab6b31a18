// The worker threads as a crew: started together, called together, each replaced when it dies. What they serve is decided in rollout.ts.

import { messageOf } from '../base/message-of.ts';
import { GatewayCell } from '../telemetry/metric-families.ts';
import type { MetricRegistry } from '../telemetry/metric-registry.ts';
import { SharedStates } from '../upstream/state/shared-states.ts';
import { HangWatch } from './hang-watch.ts';
import type { Answer, Ask, CallName } from './messages.ts';
import { RestartBackoff } from './restart-backoff.ts';
import type { TurnQueue } from './turn-queue.ts';
import { type NudgeListener, type WorkerLog, WorkerThread } from './worker-thread.ts';

/** How long to wait for a worker to close its listeners, and for its sign of life. */
const STOP_TIMEOUT_MS = 5_000;

export interface CrewOptions {
  readonly size: number;
  readonly log: WorkerLog;
  /** Shared with everything else that acts on the workers. */
  readonly turns: TurnQueue;
  readonly onNudge: NudgeListener;
  /** Called when a worker has replaced a dead one, and serves. */
  readonly onReplaced: () => void;
}

/** What the crew gets once the configuration is known; the threads start before that, to save time. */
export interface CrewEquipment {
  readonly registry: MetricRegistry;
  readonly accessLogPath: string;
  /** States of upstreams that all workers share. */
  readonly states: SharedArrayBuffer;
  /** Brings a replacement worker to the configuration that the other workers serve. */
  readonly bringUp: (worker: WorkerThread) => Promise<void>;
}

interface Member {
  readonly thread: WorkerThread;
  readonly startedAt: number;
}

export class WorkerCrew {
  readonly size: number;
  private readonly log: WorkerLog;
  private readonly turns: TurnQueue;
  private readonly onNudge: NudgeListener;
  private readonly onReplaced: () => void;
  private readonly members = new Map<number, Member>();
  private readonly backoffs = new Map<number, RestartBackoff>();
  /** Timers of replacements that are delayed by a backoff, by slot. */
  private readonly waiting = new Map<number, NodeJS.Timeout>();
  /** Workers that are set up and alive; a dead worker is absent until its replacement is set up. */
  private readonly callable = new Set<WorkerThread>();
  /** Replacements among them that do not serve yet. */
  private readonly startingReplacements = new Set<WorkerThread>();
  private equipment: CrewEquipment | null = null;
  private readonly hangs: HangWatch<WorkerThread>;
  private stopping = false;

  /** Starts the threads. */
  constructor({ size, log, turns, onNudge, onReplaced }: CrewOptions) {
    this.size = size;
    this.log = log;
    this.turns = turns;
    this.onNudge = onNudge;
    this.onReplaced = onReplaced;
    this.hangs = new HangWatch({
      workers: () => this.workers,
      ask: worker => worker.call('ping', null, 0),
      onHang: (worker, silentMs) => this.endHanging(worker, silentMs),
    });
    for (let slot = 0; slot < size; slot++) {
      this.backoffs.set(slot, new RestartBackoff());
      this.members.set(slot, this.start(slot));
    }
  }

  /** Workers that can be called now. */
  get workers(): readonly WorkerThread[] {
    return [...this.callable];
  }

  /** Number of workers that serve. A replacement that is being brought up is not counted, because it does not listen yet. */
  get servingCount(): number {
    return this.callable.size - this.startingReplacements.size;
  }

  /** Sets up every worker; from then on a worker that dies is replaced. Rejects when a worker has died already. */
  async equip(equipment: CrewEquipment): Promise<void> {
    this.equipment = equipment;
    await Promise.all(Array.from(this.members.values(), ({ thread }) => this.setUp(thread, equipment)));
    for (const member of this.members.values()) this.replaceAtEnd(member);
    this.hangs.start();
  }

  /** Calls all workers that can be called. Rejects when one of them fails, but only after all have answered. */
  async callAll<Name extends CallName>(name: Name, ask: Ask<Name>, timeoutMs?: number): Promise<Answer<Name>[]> {
    const results = await Promise.allSettled(this.workers.map(worker => worker.call(name, ask, timeoutMs)));
    return results.map(result => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  /**
   * Resolves when no worker accepts connections any more, or STOP_TIMEOUT_MS have passed. A worker that does not even answer a ping in that
   * time hangs, and is terminated.
   */
  async stopListening(): Promise<void> {
    const stop = async (worker: WorkerThread) => {
      const stopped = worker.call('stopListening', null, STOP_TIMEOUT_MS).catch(() => {});
      // Otherwise the drain would wait for this worker in vain until its timeout.
      await worker.call('ping', null, STOP_TIMEOUT_MS).catch(() => worker.terminate());
      await stopped;
    };
    await Promise.all(this.workers.map(stop));
  }

  /** From now on no worker is replaced. */
  beginStop(): void {
    this.stopping = true;
    this.hangs.stop();
    // A pending timer would keep the process from ending.
    for (const timer of this.waiting.values()) clearTimeout(timer);
  }

  async terminate(): Promise<void> {
    this.beginStop();
    await Promise.all(Array.from(this.members.values(), ({ thread }) => thread.terminate()));
  }

  /** The end of the thread triggers its replacement. Its connections are lost either way, and it gets no further ones. */
  private endHanging(worker: WorkerThread, silentMs: number): void {
    this.log('error', 'worker hangs and is ended', { worker: worker.slot, silentMs: Math.round(silentMs) });
    void worker.terminate();
  }

  private start(slot: number): Member {
    return { thread: new WorkerThread(slot, this.size, this.log, this.onNudge), startedAt: performance.now() };
  }

  private async setUp(thread: WorkerThread, equipment: CrewEquipment, isReplacement = false): Promise<void> {
    const { registry, accessLogPath, states } = equipment;
    const { slot } = thread;
    const cells = registry.openSlot(slot);
    const workerMetricsOffset = registry.block('worker', '');
    const { consumers } = registry;
    const shared = { cells, workerMetricsOffset, consumers, states };
    await thread.call('setup', { slot, ...shared, accessLogPath, isReplacement });
    this.callable.add(thread);
    if (isReplacement) this.startingReplacements.add(thread);
    this.countServing();
  }

  private replaceAtEnd({ thread, startedAt }: Member): void {
    void thread.ended.then(reason => {
      this.callable.delete(thread);
      this.startingReplacements.delete(thread);
      this.countServing();
      this.forgetUnderWay(thread.slot);
      if (this.stopping) return;
      const delayMs = this.backoffs.get(thread.slot)?.next(performance.now() - startedAt) ?? 0;
      this.log('warn', 'worker died and is replaced', { worker: thread.slot, reason, delayMs });
      this.waiting.set(
        thread.slot,
        setTimeout(() => void this.replace(thread.slot), delayMs),
      );
    });
  }

  /** Clears what a dead worker had in progress: its replacement may come much later, and limits and gauges must not count it until then. */
  private forgetUnderWay(slot: number): void {
    if (this.equipment === null) return;
    const { registry, states } = this.equipment;
    registry.closeSlot(slot);
    new SharedStates(states, -1).workerEnded(slot);
  }

  private async replace(slot: number): Promise<void> {
    const { equipment } = this;
    if (this.stopping || equipment === null) return;
    equipment.registry.own.cells[equipment.registry.block('gateway', '') + GatewayCell.workerRestarts]!++;
    const member = this.start(slot);
    this.members.set(slot, member);
    this.replaceAtEnd(member);
    try {
      await this.turns.run(async () => {
        await this.setUp(member.thread, equipment, true);
        await equipment.bringUp(member.thread);
      });
      this.startingReplacements.delete(member.thread);
      this.countServing();
      this.log('info', 'worker replaced', { worker: slot });
      this.onReplaced();
    } catch (error) {
      const reason = messageOf(error);
      this.log('error', 'worker could not be replaced', { worker: slot, reason });
      await member.thread.terminate();
    }
  }

  private countServing(): void {
    if (this.equipment === null) return;
    const { registry } = this.equipment;
    registry.own.cells[registry.block('gateway', '') + GatewayCell.workers] = this.servingCount;
  }
}
