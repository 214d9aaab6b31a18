// The `by` setting of filters that count: how callers are distinguished, and which of these keys can never exist at a given place of the
// document. The filters read a caller's key themselves.

import { z } from 'zod';
import type { CallerPart } from './caller-part.ts';
import type { FilterSurroundings } from './filter-surroundings.ts';
import { httpName } from './http-name.ts';
import type { PlaceProblem } from './place-problem.ts';
import { unknownPartProblem } from './unknown-part.ts';

/** One property by which callers are distinguished. `name` is empty for kinds that need no name. */
export interface KeyPart {
  readonly kind: 'ip' | 'consumer' | 'key' | 'tenant' | 'route' | 'header' | 'claim' | 'cookie' | 'pathParameter';
  readonly name: string;
}

const simpleKinds = ['ip', 'consumer', 'key', 'tenant', 'route'] as const;
const keyPart = z.union(
  [
    z.enum(simpleKinds).transform((kind): KeyPart => ({ kind, name: '' })),
    z
      .strictObject({
        header: httpName('header').describe('A header of the request; callers can write anything into it.'),
      })
      .transform(({ header }): KeyPart => ({ kind: 'header', name: header.toLowerCase() })),
    z
      .strictObject({ claim: z.string().min(1).max(256).describe('A claim of the verified token: `sub`, `org.id`.') })
      .transform(({ claim }): KeyPart => ({ kind: 'claim', name: claim })),
    z
      .strictObject({ cookie: httpName('cookie').describe('A cookie of the request.') })
      .transform(({ cookie }): KeyPart => ({ kind: 'cookie', name: cookie })),
    z
      .strictObject({
        pathParameter: z.string().min(1).describe('A parameter of the route’s path: `id` of `/users/{id}`.'),
      })
      .transform(({ pathParameter }): KeyPart => ({ kind: 'pathParameter', name: pathParameter })),
  ],
  {
    error: ({ input }) =>
      `${input === 'global' ? '`global` is one budget for all and stands alone: ' : ''}expected ip, consumer, key, tenant, route, { header: NAME }, { claim: NAME }, { cookie: NAME } or { pathParameter: NAME }`,
  },
);

export const budgetKey = z
  .union(
    [
      z.literal('global').transform((): readonly KeyPart[] => []),
      keyPart.transform((part): readonly KeyPart[] => [part]),
      z.array(keyPart).min(1, 'name at least one, or write `global`').max(4, 'at most four together'),
    ],
    {
      error:
        'expected ip, consumer, key, tenant, route, global, { header: NAME }, { claim: NAME }, { cookie: NAME } or { pathParameter: NAME }, or a list of these without global',
    },
  )
  .describe(
    'How callers are distinguished: `ip`, `consumer`, `key` (of a consumer, by its id), `tenant`, `route`, `{ header: NAME }`, `{ claim: NAME }`, `{ cookie: NAME }`, `{ pathParameter: NAME }`, a list of these for their combination, or `global` for all together.',
  );

/** A name for a budget that is counted by these properties. */
export function budgetName(parts: readonly KeyPart[]): string {
  return parts.length === 0 ? 'global' : parts.map(({ kind }) => kind).join('-');
}

/** Whether one of the properties is known only when the caller has been identified. */
export function goesByCaller(parts: readonly KeyPart[]): boolean {
  return parts.some(isOfCaller);
}

function isOfCaller(part: KeyPart): part is KeyPart & { readonly kind: CallerPart | 'tenant' } {
  const { kind } = part;
  return kind === 'consumer' || kind === 'key' || kind === 'tenant' || kind === 'claim';
}

/** The properties that can never have a value at this place of the document. Paths start at the `by` setting. */
export function budgetKeyProblems(parts: readonly KeyPart[], around: FilterSurroundings): PlaceProblem[] {
  return parts.flatMap((part): PlaceProblem[] => {
    if (isOfCaller(part) && !around.knowsCaller) {
      const message = `no filter before this one finds out who calls, so there is never a ${part.kind}: put jwt, apiKey or another one before it, or limit by ip`;
      return [{ path: [], message, absentFrom: 'filters' }];
    }
    const unknown = isOfCaller(part) ? unknownPartProblem(part.kind, around) : null;
    if (unknown !== null) {
      const hint = around.knownOfCaller.has('claim') ? ', or limit by a claim: { claim: sub }' : '';
      return [{ ...unknown, message: `${unknown.message}${hint}` }];
    }
    const { pathParameters } = around;
    if (part.kind !== 'pathParameter' || pathParameters === null || pathParameters.includes(part.name)) return [];
    const known = pathParameters.length === 0 ? 'it has none' : `there are ${pathParameters.join(', ')}`;
    return [{ path: [], message: `the route’s path has no parameter {${part.name}}; ${known}` }];
  });
}
