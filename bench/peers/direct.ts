// No proxy at all: the load reaches the backend directly. It has no process and no CPU time; used for latencies.

import type { Peer } from '../peer.ts';

export const direct: Peer = {
  name: 'direct',
  note: 'the load goes to the backend without a proxy',
  jit: false,
  abilities: [],
  version: () => 'none',
  start: setup => Promise.resolve({ port: setup.backendPort, startMs: 0, pid: () => 0, stop: () => Promise.resolve() }),
};
