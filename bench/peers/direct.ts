// No proxy at all: what the load sees of the backend alone. Its CPU time is that of nothing; used for latencies.

import type { Peer } from '../peer.ts';

export const direct: Peer = {
  name: 'direct',
  note: 'the load goes to the backend without a proxy',
  jit: false,
  abilities: [],
  version: () => 'none',
  start: setup => Promise.resolve({ port: setup.backendPort, startMs: 0, pid: () => 0, stop: () => Promise.resolve() }),
};
