// Tells systemd what the gateway does (sd_notify), for a unit with `Type=notify`. Node has no datagram sockets of the Unix domain, so
// systemd's own command sends the messages. Does nothing when no service manager waits for them.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf } from '../base/message-of.ts';

const TIMEOUT_MS = 5_000;

const run = promisify(execFile);

export interface SystemdNotifierOptions {
  /** Told once, when a message could not be sent. */
  readonly onFailure: (reason: string) => void;
  /** The command that sends messages; for tests. */
  readonly command?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

export class SystemdNotifier {
  private readonly onFailure: (reason: string) => void;
  private readonly command: string;
  private readonly environment: NodeJS.ProcessEnv;
  private isReady = false;
  /** Messages are sent one after the other: systemd acts on their order. */
  private sent: Promise<unknown> = Promise.resolve();
  private hasFailed = false;

  constructor({ onFailure, command = 'systemd-notify', environment = process.env }: SystemdNotifierOptions) {
    this.onFailure = onFailure;
    this.command = command;
    this.environment = environment;
  }

  /** The gateway serves; `status` is shown by `systemctl status`. */
  ready(status: string): Promise<void> {
    this.isReady = true;
    return this.send(['READY=1', `STATUS=${status}`]);
  }

  /** A reload begins: `reload` resolves with the status after it. Systemd takes a reload that ends without success as one that ends. */
  async around(reload: Promise<string>): Promise<void> {
    // A reload while the gateway starts ends before it is ready, which only the start may say.
    if (!this.isReady) return;
    void this.send(['RELOADING=1', `MONOTONIC_USEC=${process.hrtime.bigint() / 1_000n}`]);
    const status = await reload;
    // A drain may have begun meanwhile, which ends the reload.
    if (this.isReady) await this.ready(status);
  }

  stopping(): Promise<void> {
    this.isReady = false;
    return this.send(['STOPPING=1', 'STATUS=draining']);
  }

  /** An assignment is one line. */
  private send(assignments: readonly string[]): Promise<void> {
    if ((this.environment['NOTIFY_SOCKET'] ?? '') === '' || this.hasFailed) return Promise.resolve();
    const state = assignments.map(each => each.replaceAll(/\s+/g, ' '));
    const done = this.sent
      .then(() => run(this.command, state, { env: this.environment, timeout: TIMEOUT_MS }))
      .then(
        () => {},
        (error: unknown) => {
          if (!this.hasFailed) this.onFailure(messageOf(error).split('\n')[0]!);
          this.hasFailed = true;
        },
      );
    this.sent = done;
    return done;
  }
}
