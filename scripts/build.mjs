// `npm run build`: compiles src/ to JavaScript in dist/ for the npm package, because Node runs no TypeScript below node_modules.

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { environment, setup } from './setup.mjs';

const place = setup({ dev: true });
const dist = path.join(place.root, 'dist');
rmSync(dist, { recursive: true, force: true });

const compiler = spawnSync(path.join(place.root, 'node_modules', '.bin', 'tsc'), ['-p', 'tsconfig.build.json'], {
  cwd: place.root,
  env: environment(place),
  // Standard output is reserved for `npm pack --json`.
  stdio: ['ignore', 2, 2],
  shell: process.platform === 'win32',
});
if (compiler.status !== 0) process.exit(1);

// The compiler rewrites import paths, but not strings such as new URL('./worker.ts', import.meta.url).
const left = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.js'))
  .flatMap(file =>
    readFileSync(path.join(dist, file), 'utf8')
      .split('\n')
      .filter(line => /new URL\((['"])\.[^'"]*\.ts\1/.test(line))
      .map(line => `  dist/${file}: ${line.trim()}`),
  );
if (left.length > 0) {
  console.error(`these name .ts files, which the package does not have:\n${left.join('\n')}`);
  process.exit(1);
}
