// The proxies that a Node user would choose otherwise: node:http with undici, and Fastify with its proxy plugin. Same Node as the gateway.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { launch } from '../launch.ts';
import type { Peer } from '../peer.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** The server of Node's own library with undici's pool for the upstream. */
export const nodeHttp = nodeProgram(
  'node-http',
  'node:http server, undici Pool.stream, no log',
  'node-http-proxy.ts',
  'undici',
);

export const fastify = nodeProgram('fastify', '@fastify/http-proxy, no log', 'fastify-proxy.ts', '@fastify/http-proxy');

function nodeProgram(name: string, note: string, program: string, module: string): Peer {
  return {
    name,
    note,
    jit: true,
    abilities: [],
    version() {
      const file = path.join(root, 'node_modules', module, 'package.json');
      // Because: npm wrote that file, and every package has a version.
      const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
      return `${module}/${version}, node/${process.versions.node}`;
    },
    async start({ backendPort, uploadPort }) {
      const port = await freePort();
      const args = [
        path.join(import.meta.dirname, '../programs', program),
        ...[port, backendPort, uploadPort].map(String),
      ];
      const { child, startMs } = await launch(process.execPath, args, port);
      return { port, startMs, pid: () => child.pid, stop: () => child.stop() };
    },
  };
}
