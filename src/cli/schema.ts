// cardea schema: prints the JSON Schema of the configuration language, for completion in editors.

import { jsonSchema } from '../config/output/json-schema.ts';
import { filterLanguages } from '../runtime/filter-languages.ts';
import { type Command, ExitCode } from './command.ts';

export const schema: Command = {
  name: 'schema',
  summary: 'Prints the JSON Schema of the configuration.',
  details: [
    'For completion in an editor, run: cardea schema > cardea.schema.json, and put at the top of the configuration:',
    '# yaml-language-server: $schema=./cardea.schema.json',
  ].join('\n'),
  options: {},
  positionals: [],
  async run(_args, terminal) {
    terminal.json(jsonSchema(await filterLanguages()));
    return ExitCode.ok;
  },
};
