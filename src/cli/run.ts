// cardea run: runs the gateway.

import { availableParallelism } from 'node:os';
import { type Command, configOption, DEFAULT_FILE, type OptionSpec } from './command.ts';
import { UsageError } from './parse-arguments.ts';
import { serve } from './serve.ts';

const WORKERS_MAX = 256;

export const workersOption: OptionSpec = {
  type: 'string',
  value: 'N',
  help: 'worker threads (default: one per core)',
};

/** The number of workers; one per core when left out. Throws a UsageError. */
export function workersOf(text: string | undefined): number {
  if (text === undefined) return availableParallelism();
  const workers = /^\d+$/.test(text) ? Number(text) : 0;
  if (workers < 1 || workers > WORKERS_MAX) {
    throw new UsageError(`--workers ${text}: expected a whole number from 1 to ${WORKERS_MAX}`);
  }
  return workers;
}

export const run: Command = {
  name: 'run',
  summary: 'Runs the gateway until it gets a signal to stop.',
  details: [
    'Prints one line with "ready" on standard error once the whole configuration is in use.',
    '',
    'SIGHUP, or a change of the file, reloads the configuration; one with errors changes nothing.',
    'SIGUSR1 reopens the access log. SIGTERM, SIGINT and SIGQUIT drain, then exit 0; a second one exits without waiting.',
  ].join('\n'),
  options: { config: configOption, workers: workersOption },
  positionals: [],
  async run(args, terminal) {
    const workers = workersOf(args.text('workers'));
    return await serve({ file: args.text('config') ?? DEFAULT_FILE, workers }, terminal);
  },
};
