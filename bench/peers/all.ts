// The list of peers, in the order of the report.

import type { Peer } from '../peer.ts';
import { caddy } from './caddy.ts';
import { cardea, cardeaWithoutLog } from './cardea.ts';
import { haproxy } from './haproxy.ts';
import { nginx, nginxWithLog } from './nginx.ts';
import { fastify, nodeHttp } from './node-programs.ts';

export const peers: readonly Peer[] = [
  nginx,
  nginxWithLog,
  haproxy,
  caddy,
  nodeHttp,
  fastify,
  cardea,
  cardeaWithoutLog,
];
