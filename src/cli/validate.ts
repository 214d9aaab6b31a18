// cardea validate: checks a configuration as a worker would, and reports every error at once.

import { loadAndCompile } from '../runtime/load.ts';
import { type Command, configOption, DEFAULT_FILE, ExitCode, jsonOption } from './command.ts';
import { tellUnusable } from './load-or-tell.ts';
import { counted, problemLines } from './problem-text.ts';

export const validate: Command = {
  name: 'validate',
  summary: 'Checks a configuration and reports every error at once, each with file, line and column.',
  details: 'Exits 0 if the configuration can be used, otherwise 1. Opens no connection and no port.',
  options: { config: configOption, json: jsonOption },
  positionals: [],
  async run(args, terminal) {
    const file = args.text('config') ?? DEFAULT_FILE;
    const { config, problems } = await loadAndCompile(file);
    if (config === null) {
      tellUnusable(problems, args, terminal);
      return ExitCode.failed;
    }
    if (args.flag('json')) {
      terminal.json({ ok: true, version: config.version, problems });
      return ExitCode.ok;
    }
    if (problems.length > 0) terminal.err(problemLines(problems, terminal.paintError));
    const { routes, upstreams, listeners } = config;
    const counts = [
      counted(routes.length, 'route'),
      counted(upstreams.length, 'upstream'),
      counted(listeners.length, 'listener'),
    ].join(', ');
    terminal.out(`${file}: ${terminal.paint('green', 'ok')} (${counts})`);
    return ExitCode.ok;
  },
};
