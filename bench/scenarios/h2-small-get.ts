// HTTP/2 towards clients: a GET of 1 KB over 8 connections of 16 streams, to an HTTP/1.1 backend; in plain text and over TLS.

import { bodies, bodyHash } from '../backend/bodies.ts';
import type { Scenario } from '../scenario.ts';
import { loadScenario } from './load-scenario.ts';

const { path, bytes } = bodies.small;
const answer = { path, bytes, hash: bodyHash(bytes) };

export const http2Scenarios: readonly Scenario[] = [
  loadScenario({
    name: 'h2-small-get',
    title: 'HTTP/2 in plain text: small GET (1 KB), 8 connections of 16 streams',
    needs: 'h2',
    logVariants: true,
    variants: [{ name: '', setup: { http2: true }, request: ['h2', path], answer }],
  }),
  loadScenario({
    name: 'h2-tls-small-get',
    title: 'HTTP/2 over TLS 1.3: small GET (1 KB), 8 connections of 16 streams',
    needs: 'h2',
    logVariants: true,
    variants: [{ name: '', setup: { http2: true, tls: true }, request: ['h2', path], answer }],
  }),
];
