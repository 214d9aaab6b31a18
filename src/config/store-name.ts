// The name of a store, as a route's own settings give it. Whether there is such a store is checked with all references.

import { z } from 'zod';

export const storeName = z
  .string('expected the name of one of the `stores`')
  .min(1, 'expected the name of one of the `stores`, found ""');
