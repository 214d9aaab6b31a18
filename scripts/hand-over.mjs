// Runs a program in place of this one. npm passes signals only to its shell, so package.json starts such scripts with `exec`.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { environment } from './setup.mjs';

/**
 * Starts the program, passes signals on to it, and exits with its exit code.
 * @param {{ node: string, root: string }} place the result of `setup`; its root is the working folder
 * @param {string} command
 * @param {string[]} args
 * @param {{ signals?: NodeJS.Signals[], stdin?: 'ignore' | 'inherit' }} [options] the signals to pass on (default: all that end a
 *   program), and whether the program may read from our standard input (default: no)
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
