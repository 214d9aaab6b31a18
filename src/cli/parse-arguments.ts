// Parses the arguments of a command strictly: an unknown option is an error that suggests the nearest valid name.

import { parseArgs } from 'node:util';
import type { Command, CommandArguments, OptionSpec } from './command.ts';
import { nearestName } from './nearest-name.ts';

/** An invalid command line; the message is one sentence for the user. */
export class UsageError extends Error {}

/** Accepted by every command in addition to its own options. */
const helpOption: OptionSpec = { type: 'boolean', short: 'h', help: 'show this help' };

export function allOptions(command: Command): Readonly<Record<string, OptionSpec>> {
  return { ...command.options, help: helpOption };
}

/** Throws a UsageError. With `--help`, positionals are not checked. */
export function parseArguments(command: Command, args: readonly string[]): CommandArguments {
  const options = allOptions(command);
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { type, short, multiple = false }]) => [
        name,
        short === undefined ? { type, multiple } : { type, multiple, short },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const positionals: string[] = [];
  const texts = new Map<string, string[]>();
  const flags = new Set<string>();
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value } = token;
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option === undefined) throw unknownOption(command, rawName, Object.keys(options));
    if (option.type === 'boolean') {
      if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
      flags.add(name);
      continue;
    }
    if (value === undefined || value === '')
      throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
    if (texts.has(name) && option.multiple !== true) throw new UsageError(`${rawName} is given twice`);
    texts.set(name, [...(texts.get(name) ?? []), value]);
  }
  if (!flags.has('help')) checkPositionals(command, positionals);
  return {
    positionals,
    text: option => texts.get(option)?.[0],
    texts: option => texts.get(option) ?? [],
    flag: option => flags.has(option),
  };
}

function unknownOption({ name }: Command, rawName: string, known: readonly string[]): UsageError {
  const nearest = nearestName(rawName.replace(/^-+/, ''), known);
  const hint = nearest === undefined ? `; see cardea ${name} --help` : `; did you mean --${nearest}?`;
  return new UsageError(`cardea ${name} has no option ${rawName}${hint}`);
}

function checkPositionals({ name, positionals, options }: Command, given: readonly string[]): void {
  if (given.length < positionals.length) {
    const missing = positionals.slice(given.length).map(each => each.name);
    const all = positionals.map(each => ` ${each.name}`).join('');
    throw new UsageError(`cardea ${name} needs ${missing.join(' and ')}: cardea ${name}${all}`);
  }
  if (given.length > positionals.length) {
    const hint = 'config' in options ? '; a configuration is given with -c FILE' : '';
    throw new UsageError(`cardea ${name} does not know what to do with "${given[positionals.length]}"${hint}`);
  }
}
