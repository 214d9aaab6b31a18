// A new connection for every request: what accepting and closing connections costs.

import { bodies, bodyHash } from '../backend/bodies.ts';
import { loadScenario } from './load-scenario.ts';

const { path, bytes } = bodies.small;

export const newConnections = loadScenario({
  name: 'new-connections',
  title: 'Small GET, a new connection for every request',
  variants: [{ name: '', request: ['close', path], answer: { path, bytes, hash: bodyHash(bytes) } }],
});
