// Whether the system allows enough file descriptors (files and sockets): for the gateway to start at all, and for the client connections
// that the configuration allows. What happens when they run out later is in exchange/connection-room.ts.

import { descriptorLimit, descriptorsForClients } from '../base/descriptor-limit.ts';
import type { Config } from '../config/config.ts';
import { CONNECTIONS_DEFAULT } from '../config/schemas/limits-schema.ts';
import type { LogFields } from '../telemetry/operator-log.ts';

/** What a gateway without any connection has open, rounded up: Node itself, and each worker with a few listeners. */
const OF_PROCESS = 40;
const OF_WORKER = 12;

/** With the default of `limits.connections`, which is higher than most gateways ever need, a lower limit than this is low. */
const LOW_LIMIT = 4_096;

/** Why the gateway cannot start with so few descriptors, for the operator; null when there are enough. */
export function tooFewDescriptors(workers: number, limit = descriptorLimit()): string | null {
  const needed = OF_PROCESS + OF_WORKER * workers;
  if (limit >= needed) return null;
  const crew = workers === 1 ? '1 worker needs' : `${workers} workers need`;
  return `not started: the system allows only ${limit} open files and sockets (\`ulimit -n\`, \`LimitNOFILE\`), ${crew} ${needed} before the first connection; 65536 are usual`;
}

/** The numbers for a warning that fewer client connections fit than one worker may accept; null when they fit. */
export function fewDescriptors({ limits }: Pick<Config, 'limits'>, limit = descriptorLimit()): LogFields | null {
  const { connectionsMax } = limits;
  const meant = connectionsMax === CONNECTIONS_DEFAULT ? LOW_LIMIT : connectionsMax;
  const clients = descriptorsForClients(limit);
  return clients >= meant ? null : { limit, clients, connections: connectionsMax };
}
