// One worker thread as the supervisor holds it: starts it, asks it, hears of its end. When to replace it is decided in worker-crew.ts.

import { extname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { memoryLimit } from '../base/memory-limit.ts';
import { messageOf } from '../base/message-of.ts';
import type { LogFields, LogLevel } from '../telemetry/operator-log.ts';
import type { Answer, Ask, CallMessage, CallName, WorkerMessage } from './messages.ts';

/** Room for short-lived objects: with less, the collector runs so often that a request costs a tenth more. */
const YOUNG_GENERATION_MB = 64;
const OLD_GENERATION_MIN_MB = 256;
const OLD_GENERATION_MAX_MB = 4_096;
const BYTES_PER_MB = 1_024 * 1_024;

/** A call that takes longer means that the thread hangs: compiling is sliced, and all else is quick. */
const CALL_TIMEOUT_MS = 30_000;

/** The thread is gone, or hangs and soon will be: whatever was asked of it may be asked of the one that takes its place. */
export class WorkerLost extends Error {}

interface WaitingCall {
  resolve(answer: Answer<CallName>): void;
  reject(error: Error): void;
  readonly timer: NodeJS.Timeout | null;
}

/** Hears that a worker wants a feed looked at again. */
export type NudgeListener = (key: string, hint: string) => void;

export type WorkerLog = (level: LogLevel, message: string, fields: LogFields, isRecord?: boolean) => void;

// The launcher's `--max-semi-space-size` is for the supervisor, and would go before a worker's own limit. V8 reads the flag
// where a heap is made: what is set here counts for the threads to come.
setFlagsFromString('--max-semi-space-size=0');
// An exchange goes through a hundred small functions: more of them are put into one another than V8 would by itself. A V8 that
// no longer knows one of these leaves it out. See docs/decisions/0010-runtime-flags.md.
setFlagsFromString('--max-inlined-bytecode-size=800');
setFlagsFromString('--max-inlined-bytecode-size-cumulative=3000');
setFlagsFromString('--max-inlined-bytecode-size-absolute=9200');
setFlagsFromString('--min-inlining-frequency=0.05');

export class WorkerThread {
  readonly slot: number;
  /** Resolves with the reason once the thread is gone, however that came about. */
  readonly ended: Promise<string>;
  private readonly thread: Worker;
  private readonly log: WorkerLog;
  private readonly onNudge: NudgeListener;
  private readonly waiting = new Map<number, WaitingCall>();
  private lastId = 0;
  private endReason = '';

  /** Starts the thread. `crew` is how many share the process's memory. */
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

  /** Rejects when the worker cannot, dies, or does not answer in time. `timeoutMs` 0 waits without end. */
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

  /** Ends the thread at once, whatever it does. */
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
