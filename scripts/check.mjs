// `npm run check`: types, lint and format, the architecture tests, and whether the generated documents are up to date.
// Runs all checks, even after a failure, so that one run shows everything that is wrong.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { environment, setup } from './setup.mjs';

const place = setup({ dev: true });
const tool = name => path.join(place.root, 'node_modules', '.bin', name);

const steps = [
  { name: 'types', command: tool('tsc'), args: ['-p', '.'] },
  { name: 'lint and format', command: tool('biome'), args: ['ci', '--error-on-warnings', '.'] },
  { name: 'rules of the house', command: place.node, args: ['--test', 'test/architecture/*.test.ts'] },
  { name: 'generated documents', command: place.node, args: ['scripts/reference.ts', '--check'] },
];

const failed = steps.filter(({ name, command, args }) => {
  console.log(`\n== ${name}`);
  const result = spawnSync(command, args, {
    cwd: place.root,
    env: environment(place),
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  if (result.error !== undefined) console.error(result.error.message);
  return result.status !== 0;
});

console.log(failed.length === 0 ? '\nall checks passed' : `\nfailed: ${failed.map(({ name }) => name).join(', ')}`);
process.exit(failed.length === 0 ? 0 : 1);
