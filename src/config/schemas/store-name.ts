// The name of a store in a route's own settings. Whether the store exists is checked with all other references.

import { z } from 'zod';

export const storeName = z
  .string('expected the name of one of the `stores`')
  .min(1, 'expected the name of one of the `stores`, found ""');
