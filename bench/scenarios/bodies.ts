// Bodies of 16 KiB and 1 MiB, as responses (down) and as uploads (up).

import { createHash } from 'node:crypto';
import { type Body, bodies, bodyHash } from '../backend/bodies.ts';
import type { Scenario } from '../scenario.ts';
import { loadScenario } from './load-scenario.ts';

export const bodyScenarios: readonly Scenario[] = [
  down('down-16k', '16 KiB down', bodies.medium),
  down('down-1m', '1 MiB down', bodies.large),
  up('up-16k', '16 KiB up', bodies.medium.bytes),
  up('up-1m', '1 MiB up', bodies.large.bytes),
];

function down(name: string, title: string, { path, bytes }: Body): Scenario {
  const answer = { path, bytes, hash: bodyHash(bytes) };
  return loadScenario({ name, title, variants: [{ name: '', request: ['get', path], answer }] });
}

/** The sink responds with the number of bytes that it has read. */
function up(name: string, title: string, bytes: number): Scenario {
  const answer = { path: '/upload', bytes: 0, hash: createHash('sha256').update(String(bytes)).digest('hex') };
  return loadScenario({ name, title, variants: [{ name: '', request: ['upload', '/upload', bytes], answer }] });
}
