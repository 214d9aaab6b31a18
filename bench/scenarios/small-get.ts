// The first figure that the issue of the bench asks for: a GET of 1 KB over kept-alive connections.

import { bodies, bodyHash } from '../backend/bodies.ts';
import { loadScenario } from './load-scenario.ts';

const { path, bytes } = bodies.small;

export const smallGet = loadScenario({
  name: 'small-get',
  title: 'Small GET (1 KB), kept-alive connections',
  logVariants: true,
  variants: [{ name: '', request: ['get', path], answer: { path, bytes, hash: bodyHash(bytes) } }],
});
