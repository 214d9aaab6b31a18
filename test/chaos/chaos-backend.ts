// A backend process for a chaos test: on one port for its whole life, and started again as often as it is killed.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import type { Mood } from './chaos-program.ts';

const program = path.join(import.meta.dirname, 'chaos-program.ts');

export class ChaosBackend {
  readonly port: number;
  private child: ChildProcess;
  private stuffing: Socket[] = [];

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.child = child;
  }

  static async start(backlog = 511): Promise<ChaosBackend> {
    const port = await freePort();
    return new ChaosBackend(port, await spawnAt(port, backlog));
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  become(mood: Mood): void {
    this.child.send(mood);
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }

  async revive(backlog = 511): Promise<void> {
    this.child = await spawnAt(this.port, backlog);
  }

  freeze(): void {
    this.child.kill('SIGSTOP');
  }

  thaw(): void {
    for (const socket of this.stuffing.splice(0)) socket.destroy();
    this.child.kill('SIGCONT');
  }

  /** Freezes the process and fills its accept queue, so that new connections are not even established. */
  async stuff(): Promise<void> {
    this.freeze();
    for (let n = 0; n < 64; n++) {
      const socket = connect(this.port, '127.0.0.1');
      socket.on('error', () => {});
      this.stuffing.push(socket);
      const made = await Promise.race([once(socket, 'connect').then(() => true), delay(100).then(() => false)]);
      if (!made) return;
    }
    throw new Error('the accept queue does not fill');
  }

  /** Ends the process gracefully, as a rollout does, and starts its successor. */
  async roll(): Promise<void> {
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
    await this.revive();
  }

  async stop(): Promise<void> {
    for (const socket of this.stuffing.splice(0)) socket.destroy();
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGCONT');
    await this.kill();
  }
}

async function spawnAt(port: number, backlog: number): Promise<ChildProcess> {
  const child = fork(program, [String(port), String(backlog)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  await once(child, 'message');
  return child;
}
