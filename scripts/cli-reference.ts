// Generates docs/reference/cli.md from the verbatim output of `cardea --help` and the help of each command.

import { execFileSync } from 'node:child_process';
import path from 'node:path';

const command = path.resolve(import.meta.dirname, '../bin/cardea');

/** Returns the Markdown document. Throws when a command has no help. */
export function cliReference(): string {
  const overview = help([]);
  const names = [...overview.matchAll(/^ {2}(?:cardea )?([a-z]+)(?= )/gm)].map(match => match[1]!);
  if (names.length < 5) throw new Error(`cardea --help names only: ${names.join(', ')}`);
  const sections = [...new Set(names)]
    .filter(name => name !== 'help')
    .map(name => `## cardea ${name}\n\n${fenced(help([name]))}`);
  return `# Command line\n\nFrom a checkout the command is \`bin/cardea\`. Generated from the command's own help.\n\n${fenced(overview)}\n${sections.join('\n')}`;
}

function help(args: readonly string[]): string {
  const env = { ...process.env, NO_COLOR: '1', COLUMNS: '100' };
  return execFileSync(command, [...args, '--help'], { encoding: 'utf8', env }).trim();
}

function fenced(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\`\n`;
}
