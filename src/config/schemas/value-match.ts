// One condition on a value: exact text, `~regex`, present or absent. Headers, query parameters, cookies and bodies share it.

import { z } from 'zod';
import { compileLinearRegex, LinearRegexError } from '../../base/linear-regex.ts';
import { expected, found } from '../../base/schema/found.ts';
import type { NamedMatch, ValueMatch } from '../config.ts';

/** Sources that are known to be valid RE2 expressions, because a reload asks about the same ones again. */
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

/** The rules for the names, and for the values under them. */
interface NameForm {
  /** What is wrong with a name; undefined when nothing is. */
  error(name: string): string | undefined;
  /** Returns the form of a name that is compared; the name as written when left out. */
  normal?(name: string): string;
  /** What is wrong with a value; undefined when nothing is. Every value is accepted when left out. */
  valueError?(match: ValueMatch): string | undefined;
}

/** Why no cookie can meet a condition; undefined when one may. Cookies with letters outside ASCII are not read. */
export function cookieValueError(match: ValueMatch): string | undefined {
  const text = textOf(match);
  const letter = /[^\x00-\x7f]/u.exec(text)?.[0];
  if (letter === undefined) {
    const isCookie = match.kind !== 'exact' || /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/.test(text);
    return isCookie
      ? undefined
      : 'no cookie has this value: expected text without spaces, commas, semicolons, quotes and backslashes';
  }
  return `a cookie with a letter outside ASCII is not read: most programs write ${JSON.stringify(letter)} as ${encodeURIComponent(letter)}`;
}

/** Why no header field can meet a condition; undefined when one may. */
export function fieldValueError(match: ValueMatch): string | undefined {
  const text = textOf(match);
  if (/[^\x00-\x7f]/.test(text)) {
    // Because: fields are bytes, each compared as one letter, and clients send UTF-8 or Latin-1.
    const bytes = Buffer.from(/[^\x00-\x7f]/u.exec(text)![0]);
    const escaped = Array.from(bytes, byte => `\\x${byte.toString(16).toUpperCase()}`).join('');
    return `header fields are bytes, which clients write in several encodings: match them by an expression, as in '~${escaped}' for ${JSON.stringify(String(bytes))} in UTF-8`;
  }
  if (match.kind !== 'exact' || /^(?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?$/.test(text)) return undefined;
  return 'no header field has this value: expected text without control characters and without spaces around it';
}

/** The text of a condition as written; empty for a condition without text. */
function textOf(match: ValueMatch): string {
  return match.kind === 'exact' ? match.value : match.kind === 'regex' ? match.source : '';
}

/** The schema of a map from names to conditions. */
export function namedMatches({ error, normal = name => name, valueError = () => undefined }: NameForm) {
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
        const wrong = valueError(match);
        if (wrong !== undefined) context.addIssue({ code: 'custom', path: [written], message: wrong });
        matches.push({ name, match });
      }
      return matches;
    })
    .optional();
}
