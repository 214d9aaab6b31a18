// A route's `audit`: the ways around its guard that are known and accepted.

import { z } from 'zod';
import { expected } from '../../base/schema/found.ts';
import { type AuditConfig, wayAroundCodes } from '../audit-config.ts';
import { resourceName } from './resource-name.ts';

const reason = expected('the reason, for those who read this later');

export const auditSchema = z
  .strictObject({
    accept: z
      .array(
        z.strictObject({
          finding: z
            .enum(wayAroundCodes, expected(`one of ${wayAroundCodes.join(', ')}`))
            .describe('The code of the finding.'),
          by: resourceName.describe('The route that is taken instead.'),
          because: z.string(reason).min(10, reason).describe('Why that is harmless.'),
        }),
      )
      .describe('Ways around this route’s guard that are accepted. One that no longer exists is a finding.'),
  })
  .transform(({ accept }): AuditConfig => ({ accept }))
  .describe('What `cardea audit` accepts on this route. Changes nothing in the running gateway.');
