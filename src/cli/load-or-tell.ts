// For commands that need a configuration: loads all of it, or reports everything that is wrong with it.

import type { Config, LocatedProblem } from '../config/config.ts';
import { loadAndCompile } from '../runtime/load.ts';
import { type CommandArguments, DEFAULT_FILE } from './command.ts';
import { countText, problemLines } from './problem-text.ts';
import type { Terminal } from './terminal.ts';

/** The configuration that `--config` names. Null when it has errors; they are printed then. */
export async function loadOrTell(args: CommandArguments, terminal: Terminal): Promise<Config | null> {
  const { config, problems } = await loadAndCompile(args.text('config') ?? DEFAULT_FILE);
  if (config === null) tellUnusable(problems, args, terminal);
  return config;
}

/** On standard error, or with `--json` as one document on standard output. */
export function tellUnusable(problems: readonly LocatedProblem[], args: CommandArguments, terminal: Terminal): void {
  if (args.flag('json')) terminal.json({ ok: false, version: null, problems });
  else terminal.err(`${problemLines(problems, terminal.paintError)}\n${countText(problems)}`);
}
