// `npm test`: everything the tests need, then the tests. `npm test -- some/path.test.ts` runs just that.

import path from 'node:path';
import { ensurePackages, testPackages } from './debian-packages.mjs';
import { handOver } from './hand-over.mjs';
import { setup } from './setup.mjs';

const given = process.argv.slice(2);
const place = setup({ dev: true });
// One test file may well need no server at all: then a missing one is said, and no reason to stop.
if (!ensurePackages(testPackages) && given.length === 0) process.exit(1);

handOver(place, place.node, [path.join(place.root, 'scripts', 'run-tests.ts'), ...given]);
