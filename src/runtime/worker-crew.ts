// The worker threads as a crew: started together, asked together, each replaced when it dies. What they serve is decided in rollout.ts.

import { messageOf } from '../base/message-of.ts';
import { GatewayCell } from '../telemetry/metric-families.ts';
import type { MetricRegistry } from '../telemetry/metric-registry.ts';
import { SharedStates } from '../upstream/state/shared-states.ts';
import { HangWatch } from './hang-watch.ts';
import type { Answer, Ask, CallName } from './messages.ts';
import { RestartBackoff } from './restart-backoff.ts';
import type { TurnQueue } from './turn-queue.ts';
import { type NudgeListener, type WorkerLog, WorkerThread } from './worker-thread.ts';

/** How long closing listeners is waited for, and a sign of life. */
const STOP_TIMEOUT_MS = 5_000;

export interface CrewOptions {
  readonly size: number;
  readonly log: WorkerLog;
  /** Shared with whatever else works on the workers. */
  readonly turns: TurnQueue;
  readonly onNudge: NudgeListener;
  /** Called when a worker took the place of one that died, and serves. */
  readonly onReplaced: () => void;
}

/** What the crew learns when the configuration is there; the threads start before that, to save time. */
export interface CrewEquipment {
  readonly registry: MetricRegistry;
  readonly accessLogPath: string;
  /** What all workers know of upstreams. */
  readonly states: SharedArrayBuffer;
  /** Gives a worker that replaces another what the others serve. */
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
  /** Replacements that wait for their time, by slot. */
  private readonly waiting = new Map<number, NodeJS.Timeout>();
  /** Workers that are set up; those being replaced are not among them. */
  private readonly present = new Set<WorkerThread>();
  /** Of these, the ones that take the place of others and do not serve yet. */
  private readonly rising = new Set<WorkerThread>();
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

  /** Workers that can be asked now. */
  get workers(): readonly WorkerThread[] {
    return [...this.present];
  }

  /** How many of them do what is asked of the crew: a worker that is being brought up listens nowhere. */
  get servingCount(): number {
    return this.present.size - this.rising.size;
  }

  /** Sets up every worker. From now on one that dies is replaced. Rejects when one died already. */
  async equip(equipment: CrewEquipment): Promise<void> {
    this.equipment = equipment;
    await Promise.all(Array.from(this.members.values(), ({ thread }) => this.setUp(thread, equipment)));
    for (const member of this.members.values()) this.replaceAtEnd(member);
    this.hangs.start();
  }

  /** Asks all workers that are present; rejects when one of them cannot, after all have answered. */
  async callAll<Name extends CallName>(name: Name, ask: Ask<Name>, timeoutMs?: number): Promise<Answer<Name>[]> {
    const results = await Promise.allSettled(this.workers.map(worker => worker.call(name, ask, timeoutMs)));
    return results.map(result => {
      if (result.status === 'rejected') throw result.reason;
      return result.value;
    });
  }

  /** Resolves when nobody accepts any more, or is too busy with those who wait to say so. Who says nothing at all hangs, and is ended. */
  async stopListening(): Promise<void> {
    const stop = async (worker: WorkerThread) => {
      const stopped = worker.call('stopListening', null, STOP_TIMEOUT_MS).catch(() => {});
      // Otherwise it would be waited for in vain until its drain is over.
      await worker.call('ping', null, STOP_TIMEOUT_MS).catch(() => worker.terminate());
      await stopped;
    };
    await Promise.all(this.workers.map(stop));
  }

  /** Nobody is replaced any more. */
  beginStop(): void {
    this.stopping = true;
    this.hangs.stop();
    // Each would hold the end of the process up for its time.
    for (const timer of this.waiting.values()) clearTimeout(timer);
  }

  async terminate(): Promise<void> {
    this.beginStop();
    await Promise.all(Array.from(this.members.values(), ({ thread }) => thread.terminate()));
  }

  /** It is replaced as one that died: its connections are lost either way, and the others' share grows no more. */
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
    this.present.add(thread);
    if (isReplacement) this.rising.add(thread);
    this.countServing();
  }

  private replaceAtEnd({ thread, startedAt }: Member): void {
    void thread.ended.then(reason => {
      this.present.delete(thread);
      this.rising.delete(thread);
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

  /** Limits and gauges are not to count what ended with a worker until another takes its place, which may be long after. */
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
      this.rising.delete(member.thread);
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
