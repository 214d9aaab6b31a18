// The configuration of the acl filter: rules, each a set of conditions that must all hold. Knows nothing of how exchanges run.

import { z } from 'zod';
import { compileLinearRegex, LinearRegexError } from '../../base/linear-regex.ts';
import { cidrBlock } from '../../base/schema/cidr-block.ts';
import type { FilterSurroundings } from '../../base/schema/filter-surroundings.ts';
import { unlistedProblem } from '../../base/schema/listed-consumers.ts';
import type { PlaceProblem } from '../../base/schema/place-problem.ts';
import { isTimeZone } from '../../base/schema/time-zone.ts';
import { comparisonOf } from './comparison.ts';
import { ruleAsksWho } from './rule-asks-who.ts';
import { weekdays } from './weekdays.ts';

export const name = 'acl';

export const documentation =
  'Defines which of the callers that an identity filter before it has recognised may use the route. `deny` is checked first: a caller that matches one of its rules is refused. ' +
  'Where `allow` is given, a caller that matches none of its rules is refused as well. All conditions of a rule must hold; a condition with a list holds when one of its values matches. ' +
  'A caller that has not been recognised gets 401 if credentials could help, everyone else gets 403 `access_denied`; ' +
  'if a token lacks scopes, the response says so (RFC 6750 section 3.1).\n\n' +
  'A condition on a claim is a value (`admin`, `true`, `3`), a list of values, `"~regex"`, a comparison (`">= 3"`), or `{ present: true }`. A claim that is a list matches when one of its members does. Numbers and booleans also match claims that hold them as text, `"3"` or `"true"`. ' +
  'Dots lead into objects: `realm_access.roles`.';

const names = (what: string) =>
  z.array(z.string().min(1)).min(1, `name at least one ${what}, or leave the condition out`);

const word = z.string().superRefine((text, context) => {
  if (/^[<>]/.test(text) && comparisonOf(text) === null) {
    context.addIssue({ code: 'custom', message: 'expected a comparison with a number such as ">= 3"' });
  }
  if (!text.startsWith('~')) return;
  const compiled = compileLinearRegex(text.slice(1));
  if (compiled instanceof LinearRegexError) context.addIssue({ code: 'custom', message: compiled.message });
});

const scalar = z.union([word, z.number(), z.boolean()]);

const claim = z.union([scalar, z.array(scalar).min(1), z.strictObject({ present: z.boolean() })], {
  error: 'expected a value, a list of values, "~regex", a comparison such as ">= 3", or { present: true }',
});

const clock = z
  .string()
  .regex(/^(?:[01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$/, 'expected a time such as 08:30; 24:00 is the end of the day')
  .transform(text => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));

const during = z
  .strictObject({
    days: z
      .array(z.enum(weekdays, { error: `expected days out of ${weekdays.join(', ')}` }))
      .min(1)
      .default([...weekdays])
      .describe('Days of the week on which the time begins.'),
    from: clock.default(0).describe('When it begins, `08:00`.'),
    to: clock.default(1_440).describe('When it ends (exclusive). A time before `from` is on the next day.'),
    timeZone: z
      .string()
      .refine(isTimeZone, 'not a time zone of the IANA list such as Europe/Vienna')
      .default('UTC')
      .describe('Time zone of these times.'),
  })
  .refine(({ from, to }) => from !== to, 'from and to are the same time, so that the rule would never hold');

const ruleForm = 'a rule is a map of conditions: { groups: [partners] }, { scopes: [read] }, { consumers: [acme] }';

const rule = z
  .strictObject(
    {
      consumers: names('consumer').optional().describe('Names of consumers.'),
      groups: names('group').optional().describe('Groups of the consumer.'),
      tenants: names('tenant').optional().describe('Tenants of the consumer.'),
      plans: names('plan').optional().describe('Plans of the consumer.'),
      subjects: names('subject')
        .optional()
        .describe('The subject of the credential: a token’s `sub`, a certificate’s subject.'),
      scopes: names('scope').optional().describe('Scopes that the credential must carry, all of them.'),
      claims: z
        .record(z.string().min(1).max(256), claim)
        .refine(claims => Object.keys(claims).length > 0, 'name at least one claim')
        .optional()
        .describe('Claims of the token, all of them.'),
      ips: z.array(cidrBlock()).min(1).optional().describe('Blocks or addresses of the client.'),
      during: during.optional().describe('Time of day.'),
    },
    { error: ({ code }) => (code === 'invalid_type' ? ruleForm : undefined) },
  )
  .refine(conditions => Object.values(conditions).some(condition => condition !== undefined), {
    message: 'a rule without a condition holds for everybody; say what it is to look at',
  });

export const schema = z
  .strictObject({
    allow: z
      .array(rule)
      .min(1)
      .optional()
      .describe('A caller must meet one of these rules. Default: everyone who is not denied may pass.'),
    deny: z.array(rule).min(1).optional().describe('A caller that meets one of these rules is refused.'),
    challenge: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9-]*(?: [\x20-\x7e]+)?$/, 'expected a challenge such as Bearer realm="api"')
      .optional()
      .describe(
        '`WWW-Authenticate` of the 401. Default: that of the filters before it whose credential is `optional`, or `Bearer realm="cardea"`.',
      ),
  })
  .refine(({ allow, deny }) => allow !== undefined || deny !== undefined, {
    message: 'neither `allow` nor `deny` is given, so the filter would let everyone pass',
  });

export type AclConfig = z.output<typeof schema>;
export type RuleConfig = z.output<typeof rule>;
export type ClaimConfig = z.output<typeof claim>;
export type DuringConfig = z.output<typeof during>;

/** Whether a rule depends on who the caller is, and not only on address and time. */
export function dependsOnCaller({ allow = [], deny = [] }: AclConfig): boolean {
  return [...allow, ...deny].some(ruleAsksWho);
}

/**
 * Warns of rules for consumers that do not exist. A rule that never holds refuses callers it should admit, or admits callers it should
 * refuse.
 */
export function placeProblems(config: AclConfig, { consumers }: Pick<FilterSurroundings, 'consumers'>): PlaceProblem[] {
  return (['deny', 'allow'] as const).flatMap(list =>
    (config[list] ?? []).flatMap((rule, at) =>
      (rule.consumers ?? []).flatMap((consumer, index) =>
        consumers.has(consumer) ? [] : [unlistedProblem([list, at, 'consumers', index], consumer)],
      ),
    ),
  );
}
