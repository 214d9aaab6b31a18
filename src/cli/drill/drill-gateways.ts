// The gateways of a drill: separate processes on free ports of this machine, each with one worker and the same configuration.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const START_TIMEOUT_MS = 20_000;

/** Signals that end the drill. */
const ENDING = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface DrillGateways {
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

/**
 * Starts `count` gateways. `config` is a complete document whose listener has port 0. If one gateway cannot start, all are stopped and the
 * error is thrown.
 */
export async function startDrillGateways(config: object, count: number): Promise<DrillGateways> {
  const folder = mkdtempSync(path.join(tmpdir(), 'cardea-drill-'));
  const file = path.join(folder, 'cardea.json');
  // Readable by the owner only, since it may contain the store's password.
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const children: ChildProcess[] = [];
  const stop = async () => {
    await Promise.all(children.map(ended));
    rmSync(folder, { recursive: true, force: true });
    for (const signal of ENDING) process.off(signal, leave);
  };
  // Without this, the gateways would go on running, and the file with the store's password would stay.
  const leave = (signal: NodeJS.Signals) => void stop().then(() => process.kill(process.pid, signal));
  for (const signal of ENDING) process.on(signal, leave);
  try {
    const ports = await Promise.all(
      Array.from({ length: count }, () => {
        const { execPath, execArgv, argv } = process;
        const child = spawn(execPath, [...execArgv, argv[1]!, 'run', '-c', file, '--workers', '1'], {
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        children.push(child);
        return portOf(child);
      }),
    );
    return { ports, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise(resolve => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** The port from the line with which the gateway says that it is ready. Rejects when the gateway ends or is not ready in time. */
function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const late = setTimeout(() => reject(new Error(`a gateway was not ready in time: ${text}`)), START_TIMEOUT_MS);
    child.stderr?.on('data', (piece: Buffer) => {
      text += piece.toString();
      const port = /ready: http:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port === undefined) return;
      clearTimeout(late);
      resolve(Number(port));
    });
    child.once('exit', code => {
      clearTimeout(late);
      reject(new Error(`a gateway ended with ${code}: ${text.trim()}`));
    });
  });
}
