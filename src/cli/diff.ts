// cardea diff: shows what would change from one configuration to another.

import path from 'node:path';
import { filterLanguages } from '../runtime/filter-languages.ts';
import { loadAndCompile } from '../runtime/load.ts';
import { type Command, ExitCode, jsonOption } from './command.ts';
import { type Change, configChanges } from './config-changes.ts';
import { tellUnusable } from './load-or-tell.ts';
import type { Paint } from './terminal.ts';

export const diff: Command = {
  name: 'diff',
  summary: 'Shows what would change from configuration A to configuration B.',
  details: 'Compares their meaning, not their text. Secrets are hidden. Exits 0 even if they differ.',
  options: { json: jsonOption },
  positionals: [
    { name: 'A', help: 'the old configuration' },
    { name: 'B', help: 'the new configuration' },
  ],
  async run(args, terminal) {
    const [before = '', after = ''] = args.positionals;
    const a = await loadAndCompile(before);
    const b = await loadAndCompile(after);
    if (a.config === null || b.config === null) {
      const problems = [a, b].flatMap(each => (each.config === null ? each.problems : []));
      tellUnusable(problems, args, terminal);
      return ExitCode.failed;
    }
    const folderOf = (file: string) => path.dirname(path.resolve(file));
    const changes = configChanges(
      { config: a.config, folder: folderOf(before) },
      { config: b.config, folder: folderOf(after) },
      await filterLanguages(),
    );
    if (args.flag('json')) terminal.json(changes);
    else if (changes.length === 0) terminal.out('no difference');
    else terminal.out(changes.map(change => changeText(change, terminal.paint)).join('\n'));
    return ExitCode.ok;
  },
};

const marks = {
  added: ['+', 'green'],
  removed: ['-', 'red'],
  changed: ['~', 'yellow'],
  moved: ['~', 'yellow'],
} as const;

function changeText({ kind, what, details }: Change, paint: Paint): string {
  const [mark, colour] = marks[kind];
  return [paint(colour, `${mark} ${what}`), ...details.map(detail => `    ${detail}`)].join('\n');
}
