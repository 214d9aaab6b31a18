// The endpoints that an upstream's file lists now: two upstreams may lead to the same service, one by a file and one by a list.

import { readFileSync } from 'node:fs';
import type { EndpointConfig, UpstreamConfig } from '../../config/config.ts';
import { readEndpointFile } from '../../config/endpoint-file.ts';

/** Empty for an upstream without such a file, and where it cannot be read: of that the gateway tells, and its path is compared still. */
export function endpointsInFile({ discover, protocol }: UpstreamConfig): readonly EndpointConfig[] {
  if (discover?.kind !== 'file') return [];
  try {
    return readEndpointFile(readFileSync(discover.path, 'utf8'), discover.path, protocol);
  } catch {
    return [];
  }
}
