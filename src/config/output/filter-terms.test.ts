// Numbers of filters are shown in the units in which they are written.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { duration } from '../../base/schema/duration.ts';
import { size } from '../../base/schema/size.ts';
import { inFilterTerms } from './filter-terms.ts';

const share = z
  .string()
  .regex(/^[0-9]+%$/)
  .transform(text => Number.parseInt(text, 10) / 100);
const limits = {
  name: 'limits',
  schema: z.strictObject({
    life: duration.prefault('10m').describe('How long.'),
    body: z.union([z.literal('off').transform(() => 0), size]).optional(),
    word: z.string().regex(/^[a-z0-9]+$/),
    count: z.int(),
    steps: z.array(z.strictObject({ after: duration, at: share })),
  }),
};
const either = { name: 'either', schema: z.unknown(), nests: true };

test('durations, sizes and shares have their units, wherever a filter stands; other numbers have none', () => {
  const written = { life: '90s', body: '64KiB', word: 'a1', count: 60_000, steps: [{ after: '2h', at: '80%' }] };
  const filter = { name: 'limits', config: limits.schema.parse(written) };
  assert.equal(filter.config.life, 90_000);
  const shown = { name: 'limits', config: { ...written, life: '90s' } };
  assert.deepEqual(inFilterTerms([filter], [limits, either]), [shown]);
  const route = { name: 'r', timeoutMs: 5_000, filters: [{ name: 'either', config: [filter] }] };
  assert.deepEqual(inFilterTerms(route, [limits, either]), {
    ...route,
    filters: [{ name: 'either', config: [shown] }],
  });
  assert.deepEqual(inFilterTerms({ name: 'other', config: { life: 5 } }, [limits]), {
    name: 'other',
    config: { life: 5 },
  });
});
