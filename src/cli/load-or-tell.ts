// For commands that need a configuration: loads it whole, or says everything that is wrong with it.

import type { Config } from '../config/config.ts';
import { loadAndCompile } from '../runtime/load.ts';
import { problemLines } from './problem-text.ts';
import type { Terminal } from './terminal.ts';

/** Null when it has errors; they stand on standard error then, or as JSON on standard output, as `cardea validate --json` tells them. */
export async function loadOrTell(file: string, terminal: Terminal, asJson = false): Promise<Config | null> {
  const { config, problems } = await loadAndCompile(file);
  if (config === null && asJson) terminal.json({ ok: false, version: null, problems });
  else if (config === null) terminal.err(problemLines(problems, terminal.paintError));
  return config;
}
