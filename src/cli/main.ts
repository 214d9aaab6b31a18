// Entry point of the command line: finds the command, parses its arguments, turns errors into one message and an exit code.

import { handleEarlySignals } from '../runtime/early-signals.ts';
import { findOwnModulesQuickly } from '../runtime/own-modules.ts';
import { type Command, ExitCode } from './command.ts';
import { commandList } from './command-list.ts';
import { commandText, overviewText } from './help-text.ts';
import { messageOf } from './message-of.ts';
import { nearestName } from './nearest-name.ts';
import { packageVersion } from './package-version.ts';
import { parseArguments, UsageError } from './parse-arguments.ts';
import { Terminal } from './terminal.ts';

async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name = '', ...rest] = args;
  if (name === '--version' || name === '-v' || name === 'version') {
    terminal.out(packageVersion());
    return ExitCode.ok;
  }
  if (name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
    terminal.out(overviewText(commandList));
    return ExitCode.ok;
  }
  const command = await findCommand(name === 'help' ? rest[0]! : name);
  const parsed = parseArguments(command, name === 'help' ? ['--help'] : rest);
  if (parsed.flag('help')) {
    terminal.out(commandText(command));
    return ExitCode.ok;
  }
  return await command.run(parsed, terminal);
}

async function findCommand(name: string): Promise<Command> {
  const listed = commandList.find(each => each.name === name);
  if (listed !== undefined) {
    // Because: loading the code of the gateway takes a good part of the time until it can handle signals itself.
    if (listed.serves === true) handleEarlySignals();
    return await listed.load();
  }
  const names = commandList.map(each => each.name);
  if (name === '') throw new UsageError(`a command is missing: ${names.join(', ')}; see cardea --help`);
  const nearest = nearestName(name, names);
  const hint = nearest === undefined ? `there are ${names.join(', ')}` : `did you mean ${nearest}?`;
  throw new UsageError(
    name.startsWith('-')
      ? `there is no option ${name} before the command; ${hint}`
      : `there is no command ${name}; ${hint}`,
  );
}

// A reader that closes the pipe, as in `cardea audit | grep -q`, is not an error; the exit code stays that of the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') process.exit(ExitCode.failed);
});
// The reader of standard error may go away, or its disk may be full: the gateway continues, and there is nowhere left to report it.
process.stderr.on('error', () => {});

findOwnModulesQuickly();
const terminal = new Terminal();
try {
  process.exitCode = await main(process.argv.slice(2), terminal);
} catch (error) {
  const isUsage = error instanceof UsageError;
  terminal.err(`${terminal.paintError('red', 'cardea:')} ${messageOf(error)}`);
  process.exitCode = isUsage ? ExitCode.usage : ExitCode.failed;
}
