// One condition on a value: exact text, `~regex`, present or absent. Headers, query parameters, cookies and bodies share it.

import { z } from 'zod';
import { compileLinearRegex, LinearRegexError } from '../base/linear-regex.ts';
import { expected, found } from '../base/schema/found.ts';
import type { NamedMatch, ValueMatch } from './config.ts';

/** Sources that are known to be regular expressions of RE2: a reload asks about the same ones again. */
const goodSources = new Set<string>();
const goodSourcesMax = 20_000;

/** What is wrong with a regular expression, for the operator; undefined when nothing is. */
export function regexError(source: string): string | undefined {
  if (goodSources.has(source)) return undefined;
  if (source === '') return '`~` must be followed by a regular expression';
  const outcome = compileLinearRegex(source);
  if (outcome instanceof LinearRegexError) return outcome.message;
  if (goodSources.size >= goodSourcesMax) goodSources.clear();
  goodSources.add(source);
  return undefined;
}

const valueMatch = z
  .union([z.string(), z.boolean()], {
    error: ({ input }) => {
      const quoted = typeof input === 'number' ? `; put it in quotes` : '';
      return `expected text, ~regex, true (present) or false (absent), found ${found(input)}${quoted}`;
    },
  })
  .transform((value, context): ValueMatch => {
    if (typeof value === 'boolean') return value ? present : absent;
    if (!value.startsWith('~')) return { kind: 'exact', value };
    const source = value.slice(1);
    const message = regexError(source);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
    return { kind: 'regex', source };
  });

const present: ValueMatch = { kind: 'present' };
const absent: ValueMatch = { kind: 'absent' };

/** Which names there may be. */
interface NameForm {
  /** What is wrong with a name; undefined when nothing is. */
  error(name: string): string | undefined;
  /** The form that is compared; as written when left out. */
  normal?(name: string): string;
}

/** A map of names and conditions. */
export function namedMatches({ error, normal = name => name }: NameForm) {
  return z
    .record(
      z.string().superRefine((name, context) => {
        const message = error(name);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      }),
      valueMatch,
      expected('a map of names and values'),
    )
    .transform((conditions, context): readonly NamedMatch[] => {
      const matches: NamedMatch[] = [];
      const writtenBy = new Map<string, string>();
      for (const [written, match] of Object.entries(conditions)) {
        const name = normal(written);
        const first = writtenBy.get(name);
        if (first !== undefined) {
          const message = `"${written}" and "${first}" are the same name`;
          context.addIssue({ code: 'custom', path: [written], message, params: { at: 'key' } });
        }
        writtenBy.set(name, written);
        matches.push({ name, match });
      }
      return matches;
    })
    .optional();
}
