// Help texts: the overview of all commands, and the help of each command.

import { type Command, ExitCode } from './command.ts';
import { allOptions } from './parse-arguments.ts';

export function overviewText(commands: readonly Pick<Command, 'name' | 'summary'>[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    'cardea: an API gateway. One declarative file, checked completely before it is used.',
    '',
    'Usage: cardea COMMAND [OPTIONS]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'cardea COMMAND --help shows its options; cardea --version prints the version.',
    `Exit codes: ${ExitCode.ok} success, ${ExitCode.failed} an invalid configuration or a failure, ${ExitCode.usage} an invalid command line.`,
  ].join('\n');
}

export function commandText(command: Command): string {
  const { name, summary, details, positionals } = command;
  const options = Object.entries(allOptions(command)).map(([option, { short, value, help }]) => ({
    left: `${short === undefined ? '    ' : `-${short}, `}--${option}${value === undefined ? '' : ` ${value}`}`,
    help,
  }));
  const rows = [...positionals.map(each => ({ left: each.name, help: each.help })), ...options];
  const width = Math.max(...rows.map(({ left }) => left.length));
  const names = positionals.map(each => ` ${each.name}`).join('');
  return [
    `Usage: cardea ${name} [OPTIONS]${names}`,
    '',
    summary,
    ...(details === '' ? [] : ['', details]),
    '',
    ...rows.map(({ left, help }) => `  ${left.padEnd(width)}  ${help}`),
  ].join('\n');
}
