// Runs a command of the command line in the test's own process, for tests of its output on many configurations: a process for each
// would cost more than the command. The tests of test/e2e/cli check that the real command line gives the same results.

import type { Command } from '../../src/cli/command.ts';
import { parseArguments } from '../../src/cli/parse-arguments.ts';
import { Terminal } from '../../src/cli/terminal.ts';

class KeptTerminal extends Terminal {
  said = '';

  override out(text: string): void {
    this.said += `${text}\n`;
  }

  override err(text: string): void {
    this.said += `${text}\n`;
  }
}

/** The exit code, and what the command wrote to both outputs. Rejects with a UsageError for a wrong command line. */
export async function runHere(command: Command, ...args: string[]): Promise<{ code: number; said: string }> {
  const terminal = new KeptTerminal();
  const code = await command.run(parseArguments(command, args), terminal);
  return { code, said: terminal.said };
}
