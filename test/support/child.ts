// Real servers as child processes of a test: started, awaited until they print a text or accept connections, stopped by their own pid.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;

export interface Child {
  readonly pid: number;
  /** What the child has written to standard error so far. */
  stderr(): string;
  /** What the child has written to standard output so far. */
  stdout(): string;
  /** Resolves with the exit code, or with the signal's name. */
  readonly exited: Promise<number | string>;
  /** Sends SIGTERM, then SIGKILL if the child does not exit in time. Resolves as `exited` does. */
  stop(): Promise<number | string>;
}

/** Starts a program. Its output is recorded, not shown. Rejects when the program cannot be started. */
export async function startChild(
  command: string,
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<Child> {
  const child: ChildProcess = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stderr = '';
  let stdout = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  const exited = new Promise<number | string>(resolve =>
    child.on('exit', (code, signal) => resolve(code ?? signal ?? 0)),
  );
  await once(child, 'spawn');
  return {
    pid: child.pid!,
    stderr: () => stderr,
    stdout: () => stdout,
    exited,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
        await exited;
        clearTimeout(timer);
      }
      return exited;
    },
  };
}

/** Waits until the child accepts connections on a port; throws with the child's output when it exits or takes too long. */
export async function untilAccepting(child: Child, port: number): Promise<void> {
  // Because: a foreign server does not report when its socket is ready, so trying again is the only way.
  await untilReady(child, () => accepts(port), `port ${port} did not open`);
}

/** Waits until the child has written this text to either output; throws with its output when it exits or takes too long. */
export async function untilSaid(child: Child, text: string): Promise<void> {
  await untilReady(
    child,
    () => child.stdout().includes(text) || child.stderr().includes(text),
    `it did not say "${text}"`,
  );
}

async function untilReady(child: Child, isReady: () => boolean | Promise<boolean>, failure: string): Promise<void> {
  const until = performance.now() + START_TIMEOUT_MS;
  let gone: number | string | null = null;
  void child.exited.then(code => {
    gone = code;
  });
  while (performance.now() < until) {
    if (gone !== null) throw new Error(`exited with ${gone}: ${child.stderr()}${child.stdout()}`);
    if (await isReady()) return;
    await delay(10);
  }
  await child.stop();
  throw new Error(`${failure}: ${child.stderr()}${child.stdout()}`);
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
