// A command of the command line in the test's own process, for tests of what it says of many configurations: a process for each
// costs more than the command. That the real one gives back the same is for the tests of test/e2e/cli.

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

/** Its exit code, and what it wrote to both outputs. Rejects with a UsageError for a wrong command line. */
export async function runHere(command: Command, ...args: string[]): Promise<{ code: number; said: string }> {
  const terminal = new KeptTerminal();
  const code = await command.run(parseArguments(command, args), terminal);
  return { code, said: terminal.said };
}
