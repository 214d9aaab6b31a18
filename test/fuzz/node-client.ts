// node:http2 as a client, for its reading of a response, valid or not. Runs in its own process: some responses make the client of
// Node 26.10 abort its process, in which case it gives no verdict.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

/** What the client read of a response. */
export interface AnswerRead {
  readonly whole: boolean;
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
  /** `x-t` of the trailers. */
  readonly trailer: string;
}

export interface AskedAnswer {
  readonly number: number;
  readonly port: number;
  readonly path: string;
}

export interface GivenAnswer {
  readonly number: number;
  readonly read: AnswerRead;
}

const program = path.join(import.meta.dirname, 'node-client-program.ts');

export class NodeClient {
  /** Number of processes that aborted. */
  crashes: number;
  private child: ChildProcess | null;
  private asked: number;
  private readonly pending: Map<number, (read: AnswerRead | null) => void>;

  constructor() {
    this.crashes = 0;
    this.child = null;
    this.asked = 0;
    this.pending = new Map();
  }

  /** Node's reading of the response to this path; null when the process aborted on this response, or on one that was read in parallel. */
  ask(port: number, requestPath: string): Promise<AnswerRead | null> {
    this.child ??= this.start();
    const number = this.asked++;
    const { child, pending } = this;
    return new Promise(resolve => {
      pending.set(number, resolve);
      child.send({ number, port, path: requestPath } satisfies AskedAnswer, () => {});
    });
  }

  /** Id of the current process. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  async stop(): Promise<void> {
    const { child } = this;
    if (child === null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  private start(): ChildProcess {
    // Its message on an abort is expected, so its output is ignored.
    const child = fork(program, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    child.on('message', ({ number, read }: GivenAnswer) => {
      this.pending.get(number)?.(read);
      this.pending.delete(number);
    });
    child.once('exit', () => {
      this.crashes++;
      this.child = null;
      for (const resolve of this.pending.values()) resolve(null);
      this.pending.clear();
    });
    return child;
  }
}
