// Conditions on fields of a JSON body: `$.order.items[0].type: book`. Parses the path; the comparison with a body is in route/.

import { z } from 'zod';
import { expected, found } from '../../base/schema/found.ts';
import type { BodyMatch } from '../config.ts';
import { regexError } from './value-match.ts';

const step = /\.([A-Za-z_][A-Za-z0-9_-]*)|\[(0|[1-9][0-9]{0,5})\]|\['([^']*)'\]|\["([^"]*)"\]/y;

/** Parses a path into a JSON body: `['a', 'b', 0]` for `$.a.b[0]`. Null when the text is not such a path. */
export function parseBodyPath(text: string): (string | number)[] | null {
  if (!text.startsWith('$') || text.length === 1) return null;
  const path: (string | number)[] = [];
  step.lastIndex = 1;
  while (step.lastIndex < text.length) {
    const match = step.exec(text);
    if (match === null) return null;
    path.push(match[2] === undefined ? (match[1] ?? match[3] ?? match[4]!) : Number(match[2]));
  }
  return path;
}

const scalar = z.union(
  [z.string(), z.number(), z.boolean(), z.null()],
  expected('text, ~regex, a number, true, false or null'),
);

const bodyPath = z.string().superRefine((text, context) => {
  if (parseBodyPath(text) !== null) return;
  const message = `expected a path into the body such as $.type or $.items[0].id, found ${found(text)}`;
  context.addIssue({ code: 'custom', message });
});

export const bodyMatches = z
  .record(bodyPath, scalar, expected('a map such as { $.type: order }'))
  .transform((conditions, context): readonly BodyMatch[] =>
    Object.entries(conditions).map(([written, value]) => {
      // Because: the schema of the keys has checked that this is a path.
      const path = parseBodyPath(written)!;
      if (typeof value !== 'string' || !value.startsWith('~')) return { path, match: { kind: 'scalar', value } };
      const source = value.slice(1);
      const message = regexError(source);
      if (message !== undefined) context.addIssue({ code: 'custom', path: [written], message });
      return { path, match: { kind: 'regex', source } };
    }),
  )
  .optional();
