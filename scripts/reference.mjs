// `npm run reference`: regenerates the generated documents with the pinned Node. reference.ts lists them.

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { environment, setup } from './setup.mjs';

const place = setup({ dev: true });
const result = spawnSync(place.node, [path.join(place.root, 'scripts', 'reference.ts'), ...process.argv.slice(2)], {
  cwd: place.root,
  env: environment(place),
  stdio: 'inherit',
});
process.exit(result.status ?? 1);
