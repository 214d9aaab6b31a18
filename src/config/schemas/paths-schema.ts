// `paths`: what happens to paths that two servers could read differently. Strict by default.

import { z } from 'zod';

export const pathsSchema = z
  .strictObject({
    encodedSlash: z
      .enum(['reject', 'keep'])
      .default('reject')
      .describe('`%2f` and `%5c` in a path: refused with 400, or kept encoded as they are. `%00` is refused always.'),
    emptySegments: z
      .enum(['reject', 'merge', 'keep'])
      .default('reject')
      .describe('`//` in a path: refused with 400, merged into one slash, or kept.'),
  })
  .prefault({})
  .describe('How paths are treated that two servers could read differently.');
