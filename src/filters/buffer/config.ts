// The configuration of the buffer filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import { size } from '../../base/schema/size.ts';

export const name = 'buffer';

export const documentation =
  'Holds a request’s body until all of it has arrived, and only then asks the upstream: a client that sends slowly does not occupy a server meanwhile, as nginx and Envoy’s buffer filter do it. ' +
  'The upstream gets a Content-Length, also where the client announced none. Bodies above `max`, and those for which `memory` has no room, pass as they arrive; to refuse them use `bodyLimit`. ' +
  'Requests of gRPC are not held. Put it behind the filters that identify the caller, so that strangers use up no memory.';

export const schema = z
  .strictObject({
    max: size
      .refine(bytes => bytes > 0, 'a limit of 0 would hold nothing')
      .prefault('1MiB')
      .describe('Largest body that is held.'),
    memory: size
      .prefault('64MiB')
      .describe(
        'For all bodies that a worker holds at the same time for this filter. One of unknown length counts as `max`.',
      ),
  })
  .refine(({ max, memory }) => memory >= max, {
    path: ['memory'],
    message: '`memory` is smaller than `max`, so that no body of that size would be held',
  });

export type BufferConfig = z.output<typeof schema>;
