// One worker thread as the supervisor holds it: starts, calls and ends the thread. When to replace it is decided in worker-crew.ts.

import { extname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { memoryLimit } from '../base/memory-limit.ts';
import { messageOf } from '../base/message-of.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import type { Answer, Ask, CallMessage, CallName, WorkerMessage } from './messages.ts';

/** Room for short-lived objects. With more, requests cost the same and memory grows; with less, they cost more (docs/decisions/0010). */
const YOUNG_GENERATION_MB = 32;
const OLD_GENERATION_MIN_MB = 256;
const OLD_GENERATION_MAX_MB = 4_096;
const BYTES_PER_MB = 1_024 * 1_024;

/** A call that takes longer means that the thread hangs: compiling is sliced, and everything else is quick. */
const CALL_TIMEOUT_MS = 30_000;

/** The thread is dead, or hangs and will be ended: what it was asked may succeed on its replacement. */
export class WorkerLost extends Error {}

interface WaitingCall {
  resolve(answer: Answer<CallName>): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout | null;
}

/** Called when a worker asks a feed's source to look again. */
export type NudgeListener = (key: string, hint: string) => void;

export type WorkerLog = (level: LogLevel, message: string, fields: LogFields, isRecord?: boolean) => void;

// The launcher's `--max-semi-space-size` is meant for the supervisor, but would override the workers' own limit. V8 reads the
// flag when it creates a heap, so the value set here applies to threads created later.
setFlagsFromString('--max-semi-space-size=0');
// An exchange passes through about a hundred small functions: these limits let V8 inline more of them than by default. A V8
// version that no longer knows a flag ignores it. See docs/decisions/0010-runtime-flags.md.
setFlagsFromString('--max-inlined-bytecode-size=800');
setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');
setFlagsFromString('--max-inlined-bytecode-size-absolute=9200');
setFlagsFromString('--min-inlining-frequency=0.05');

export class WorkerThread {
  readonly slot: number;
  /** Resolves with the reason once the thread is gone, for whatever reason. Never rejects. */
  readonly ended: Promise<string>;
  private readonly thread: Worker;
  private readonly log: WorkerLog;
  private readonly onNudge: NudgeListener;
  private readonly waiting = new Map<number, WaitingCall>();
  private lastId = 0;
  private endReason = '';

  /** Starts the thread. `crew` is the number of workers that share the process's memory limit. */
  constructor(slot: number, crew: number, log: WorkerLog, onNudge: NudgeListener) {
    this.slot = slot;
    this.log = log;
    this.onNudge = onNudge;
    // In the package the file ends with .js.
    const file = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
    const share = Math.floor(memoryLimit() / BYTES_PER_MB / 2 / crew);
    this.thread = new Worker(file, {
      name: `cardea-${slot}`,
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_GENERATION_MB,
        maxOldGenerationSizeMb: Math.min(OLD_GENERATION_MAX_MB, Math.max(OLD_GENERATION_MIN_MB, share)),
      },
    });
    this.thread.on('message', (message: WorkerMessage) => this.onMessage(message));
    this.ended = new Promise(resolve => {
      this.thread.on('error', error => {
        this.endReason = messageOf(error);
        this.log('error', 'worker failed', { worker: slot, reason: stackOf(error) });
      });
      this.thread.on('exit', code => {
        this.endReason ||= `it ended with code ${code}`;
        for (const id of [...this.waiting.keys()]) this.settle(id)?.reject(this.deadError());
        resolve(this.endReason);
      });
    });
  }

  /** Rejects when the worker fails, and with WorkerLost when it dies or does not answer in time. `timeoutMs` 0 waits without limit. */
  call<Name extends CallName>(name: Name, ask: Ask<Name>, timeoutMs = CALL_TIMEOUT_MS): Promise<Answer<Name>> {
    if (this.endReason !== '') return Promise.reject(this.deadError());
    const id = ++this.lastId;
    return new Promise<Answer<Name>>((resolve, reject) => {
      const late = () => this.settle(id)?.reject(new WorkerLost(`worker ${this.slot} does not answer`));
      const timer = timeoutMs === 0 ? null : setTimeout(late, timeoutMs).unref();
      // Because: the answer to this id is the answer to this call, which the map's type cannot say.
      this.waiting.set(id, { resolve: resolve as WaitingCall['resolve'], reject, timer });
      const message: CallMessage<Name> = { id, name, ask };
      this.thread.postMessage(message);
    });
  }

  /** Ends the thread at once, whatever it is doing. */
  async terminate(): Promise<void> {
    await this.thread.terminate();
  }

  private onMessage(message: WorkerMessage): void {
    if (message.kind === 'log') {
      const { level, message: text, fields, isRecord } = message;
      this.log(level, text, { worker: this.slot, ...fields }, isRecord);
    } else if (message.kind === 'nudge') this.onNudge(message.key, message.hint);
    else if (message.kind === 'answer') this.settle(message.id)?.resolve(message.answer);
    else this.settle(message.id)?.reject(new Error(message.reason));
  }

  private settle(id: number): WaitingCall | undefined {
    const call = this.waiting.get(id);
    if (call === undefined) return undefined;
    this.waiting.delete(id);
    if (call.timer !== null) clearTimeout(call.timer);
    return call;
  }

  private deadError(): WorkerLost {
    return new WorkerLost(`worker ${this.slot} died: ${this.endReason}`);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
