// For commands that need a configuration: loads it completely, or reports every error in it.

import type { Config, LocatedProblem } from '../config/config.ts';
import { loadAndCompile } from '../runtime/load.ts';
import { type CommandArguments, DEFAULT_FILE } from './command.ts';
import { countText, problemLines } from './problem-text.ts';
import type { Terminal } from './terminal.ts';

/** Loads the configuration that `--config` names. Null when it has errors, which have then been printed. */
export async function loadOrTell(args: CommandArguments, terminal: Terminal): Promise<Config | null> {
  const { config, problems } = await loadAndCompile(args.text('config') ?? DEFAULT_FILE);
  if (config === null) tellUnusable(problems, args, terminal);
  return config;
}

/** Prints problems on standard error, or with `--json` as one document on standard output. */
export function tellUnusable(problems: readonly LocatedProblem[], args: CommandArguments, terminal: Terminal): void {
  if (args.flag('json')) terminal.json({ ok: false, version: null, problems });
  else terminal.err(`${problemLines(problems, terminal.paintError)}\n${countText(problems)}`);
}
