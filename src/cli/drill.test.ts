// What `cardea drill` refuses as a wrong command line, before it reads a file or starts anything.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drill } from './drill.ts';
import { parseArguments, UsageError } from './parse-arguments.ts';
import { Terminal } from './terminal.ts';

for (const args of [
  ['earthquake'],
  ['constructor'],
  ['overload', '--seconds', '0'],
  ['overload', '--service', 'slow'],
] as const) {
  test(`cardea drill ${args.join(' ')}`, async () => {
    const given = parseArguments(drill, [...args, '-c', '/nowhere/cardea.yaml']);
    await assert.rejects(async () => drill.run(given, new Terminal()), UsageError);
  });
}
