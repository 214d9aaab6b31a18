// The interface of a command of the command line. Each command has its own file beside this one.

import type { Terminal } from './terminal.ts';

/** Exit codes of every command. */
export const ExitCode = {
  ok: 0,
  /** The configuration is invalid, the gateway could not start, or a check failed. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
} as const;

export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  readonly multiple?: boolean;
  /** Placeholder of the value in the help: `FILE`. */
  readonly value?: string;
  readonly help: string;
}

export interface PositionalSpec {
  readonly name: string;
  readonly help: string;
}

/** The parsed arguments after the command's name. */
export interface CommandArguments {
  text(option: string): string | undefined;
  texts(option: string): readonly string[];
  flag(option: string): boolean;
  readonly positionals: readonly string[];
}

export interface Command {
  readonly name: string;
  /** The first paragraph of the command's own help. */
  readonly summary: string;
  /** The paragraphs after the summary in the command's own help; empty for none. */
  readonly details: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly positionals: readonly PositionalSpec[];
  /** Resolves with the exit code. */
  run(args: CommandArguments, terminal: Terminal): Promise<number>;
}

/** Options that several commands share. */
export const configOption: OptionSpec = {
  type: 'string',
  short: 'c',
  value: 'FILE',
  help: 'the configuration (default: cardea.yaml)',
};
export const jsonOption: OptionSpec = { type: 'boolean', help: 'print JSON, for programs' };

export const DEFAULT_FILE = 'cardea.yaml';
