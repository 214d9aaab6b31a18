// `npm test`: installs everything the tests need, then runs them. `npm test -- some/path.test.ts` runs only that file.

import path from 'node:path';
import { ensurePackages, testPackages } from './debian-packages.mjs';
import { handOver } from './hand-over.mjs';
import { setup } from './setup.mjs';

const given = process.argv.slice(2);
const place = setup({ dev: true });
// A single test file may well need no server: a missing one is then reported, but does not stop the run.
if (!ensurePackages(testPackages) && given.length === 0) process.exit(1);

handOver(place, place.node, [path.join(place.root, 'scripts', 'run-tests.ts'), ...given]);
