// `npm start`: runs the gateway on examples/quickstart.yaml with demo services behind it, from a fresh clone.

import path from 'node:path';
import { handOver } from './hand-over.mjs';
import { setup } from './setup.mjs';

const place = setup({ dev: false });
const gateway = handOver(place, path.join(place.root, 'bin', 'cardea'), ['demo', ...process.argv.slice(2)], {
  signals: ['SIGTERM', 'SIGHUP'],
  stdin: 'inherit',
});
// A terminal's Ctrl-C reaches the whole process group including the gateway, and a second signal would cut its drain short.
process.on('SIGINT', () => {
  if (!process.stdin.isTTY) gateway.kill('SIGINT');
});
