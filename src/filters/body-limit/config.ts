// The configuration of the bodyLimit filter. Knows nothing of how exchanges run.

import { z } from 'zod';
import { size } from '../../base/schema/size.ts';

export const name = 'bodyLimit';

export const documentation =
  'Limits the size of request bodies. A request that announces a larger body is refused at once with 413 `body_too_large`, before anything is sent upstream; ' +
  'one of unknown length is refused as soon as it exceeds the limit, and what was sent upstream by then is aborted. The filter can lower `limits.body`, not raise it; a route’s own `limits.body` can.';

export const schema = z.strictObject({
  max: size
    .refine(bytes => bytes > 0, 'a limit of 0 would refuse every body; match on methods instead')
    .describe('Largest body in bytes, as a size: `64KiB`, `10MiB`.'),
});

export type BodyLimitConfig = z.output<typeof schema>;
