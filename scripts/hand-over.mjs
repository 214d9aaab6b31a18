// Runs a program in the place of this one. Because npm passes a signal to its shell only, package.json starts scripts that do so with `exec`.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { environment } from './setup.mjs';

/**
 * The program gets our signals, and its exit code is ours.
 * @param {{ node: string, root: string }} place what `setup` gave; its root is the working folder
 * @param {string} command
 * @param {string[]} args
 * @param {{ signals?: NodeJS.Signals[], stdin?: 'ignore' | 'inherit' }} [options] those that are passed on (default: all that end a program), and whether
 *   it may read from our standard input (default: not)
 */
export function handOver(place, command, args, { signals = ['SIGTERM', 'SIGHUP', 'SIGINT'], stdin = 'ignore' } = {}) {
  const child = spawn(command, args, {
    cwd: place.root,
    env: environment(place),
    stdio: [stdin, 'inherit', 'inherit'],
  });
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on('error', error => {
    console.error(`cardea: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
  return child;
}
