// The list of peers, in the order of the report.

import type { Peer } from '../peer.ts';
import { cardea, cardeaWithoutLog } from './cardea.ts';
import { haproxy } from './haproxy.ts';
import { nginx, nginxWithLog } from './nginx.ts';

export const peers: readonly Peer[] = [nginx, nginxWithLog, haproxy, cardea, cardeaWithoutLog];
