// `npm start`: the gateway on examples/quickstart.yaml with demo services behind it, from a fresh clone.
// package.json starts this with `exec`, because npm passes a signal to its shell only.

import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import path from 'node:path';
import { environment, setup } from './setup.mjs';

const place = setup({ dev: false });
const gateway = spawn(path.join(place.root, 'bin', 'cardea'), ['demo', ...process.argv.slice(2)], {
  cwd: place.root,
  env: environment(place),
  stdio: 'inherit',
});

for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => gateway.kill(signal));
// A terminal's Ctrl-C reaches the whole process group, the gateway too; a second one would cut its drain short.
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) gateway.kill('SIGINT');
});

gateway.on('error', error => {
  console.error(`cardea: ${error.message}`);
  process.exit(1);
});
gateway.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
