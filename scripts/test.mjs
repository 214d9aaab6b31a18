// `npm test`: everything the tests need, then the tests. `npm test -- some/path.test.ts` runs just that.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { ensurePackages, testPackages } from './debian-packages.mjs';
import { environment, setup } from './setup.mjs';

const given = process.argv.slice(2);
const place = setup({ dev: true });
// One test file may well need no server at all: then a missing one is said, and no reason to stop.
if (!ensurePackages(testPackages) && given.length === 0) process.exit(1);

const runner = spawn(place.node, [path.join(place.root, 'scripts', 'run-tests.ts'), ...given], {
  cwd: place.root,
  env: environment(place),
  stdio: ['ignore', 'inherit', 'inherit'],
});
for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(signal, () => runner.kill(signal));
runner.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
