// Runs a schema over a value of the document and returns everything that is wrong as problems. Knows no files.

import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { MISSING } from '../../base/schema/found.ts';
import type { Problem } from '../config.ts';
import { isFilledInWhole, withValueAt } from '../documents/expand.ts';
import { valueAt, withFound } from './found-text.ts';
import { issueText, KEY_SEPARATOR } from './issue-text.ts';
import { withoutConsequences } from './slip-consequences.ts';

/** A checked value, or everything that is wrong with it. Paths start at the value. */
export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const options = { error: issueText };

/**
 * Checks one value; `Value` is what the schema makes. A value that was filled in is text. Where text is wrong and all of it was filled in
 * (`weight: ${env:WEIGHT}`), it is read as the number, `true` or `false` that it spells.
 */
export function checkValue<Schema extends z.ZodType>(schema: Schema, value: unknown): Checked<z.output<Schema>> {
  let outcome: z.ZodSafeParseResult<z.output<Schema>>;
  try {
    outcome = schema.safeParse(value, options);
  } catch (error) {
    const at = error instanceof TypeError ? lengthMapIn(value) : null;
    if (at === null) throw error;
    return { ok: false, problems: [problem(at, 'expected text or a list, found a map', 'value')] };
  }
  if (outcome.success) return { ok: true, value: outcome.data };
  const problems = withoutConsequences(problemsOf(outcome.error.issues, [], value));
  const unsettled = problems.filter(problem => !settled.has(problem));
  const reread = unsettled.reduce((document, { path }) => withScalarAt(document, path), value);
  // Because: a value that is not a number (`.nan`) does not equal itself.
  if (Object.is(reread, value)) return { ok: false, problems };
  const second: Checked<z.output<Schema>> = checkValue(schema, reread);
  if (second.ok || second.problems.length < problems.length) return second;
  // Because: when a number is no better than the text, the message has to show the text, which the operator wrote. A number that is too
  // large, or that contradicts other settings, is better.
  const isRefusedAgain = second.problems.some(
    each => aboutKind.has(each) && !Object.is(withScalarAt(value, each.path), value),
  );
  return isRefusedAgain
    ? { ok: false, problems }
    : { ok: false, problems: second.problems.map(each => quoted(each, value)) };
}

/**
 * The path of a map that has another map under `length`; null when there is none. Length checks read `length` of whatever they are given,
 * and a map cannot always be compared with a number (`length: { valueOf: 1, toString: 2 }`).
 */
function lengthMapIn(value: unknown): readonly (string | number)[] | null {
  if (typeof value !== 'object' || value === null) return null;
  if (!Array.isArray(value) && typeof Reflect.get(value, 'length') === 'object') return [];
  for (const [key, inner] of Object.entries(value)) {
    const at = lengthMapIn(inner);
    if (at !== null) return [Array.isArray(value) ? Number(key) : key, ...at];
  }
  return null;
}

/** Puts the value found in quotes, as the text that it is in the document, so that it is recognised as a value from outside and hidden. */
function quoted(about: Problem, document: unknown): Problem {
  const text = valueAt(document, about.path);
  if (typeof text !== 'string') return about;
  const found = /, found \S+$/.exec(about.message);
  if (found === null) return about;
  return { ...about, message: `${about.message.slice(0, found.index)}, found ${JSON.stringify(text)}` };
}

/** Problems that say that another kind of value was expected, such as text or a number. */
const aboutKind = new WeakSet<Problem>();

/** Problems of a part with a schema of its own: where reading filled-in text as a number could help, that was done there. */
const settled = new WeakSet<Problem>();

const scalar = /^(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false)$/;

/** The document with the number or boolean that a filled-in text at `path` spells; the same document when it spells none. */
function withScalarAt(value: unknown, path: readonly (string | number)[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined || typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value;
  // Because: the value is a list or a map, and has this key.
  const inner = (value as Readonly<Record<string | number, unknown>>)[key];
  if (rest.length > 0) {
    const changed = withScalarAt(inner, rest);
    return Object.is(changed, inner) ? value : withValueAt(value, key, changed);
  }
  if (typeof inner !== 'string' || !scalar.test(inner) || !isFilledInWhole(value, key)) return value;
  return withValueAt(value, key, JSON.parse(inner));
}

type Issue = z.core.$ZodIssue;

function problemsOf(issues: readonly Issue[], base: readonly (string | number)[], document: unknown): Problem[] {
  return issues.filter(isOfKind).flatMap(issue => {
    // Because: documents have no symbols as keys.
    const path = [...base, ...(issue.path as (string | number)[])];
    if (issue.code === 'unrecognized_keys') {
      const messages = issue.message.split(KEY_SEPARATOR);
      return issue.keys.map((key, at) => problem([...path, key], messages[at] ?? messages[0]!, 'key'));
    }
    if (issue.code === 'invalid_union') {
      const meant = meantOption(issue.errors);
      if (meant !== undefined) return problemsOf(meant, path, document);
    }
    const atKey = issue.code === 'invalid_key' || (issue.code === 'custom' && issue.params?.['at'] === 'key');
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    const told = problem(path, withFound(issue, message, document, path, atKey), atKey ? 'key' : 'value');
    if (kindCodes.has(issue.code)) aboutKind.add(told);
    if (issue.code === 'custom' && issue.params?.['settled'] === true) settled.add(told);
    return [told];
  });
}

/** False for a bound on a value of the wrong kind, which is reported as such, and for the wider one of two bounds. */
function isOfKind(issue: Issue, at: number, issues: readonly Issue[]): boolean {
  if (issue.code !== 'too_small' && issue.code !== 'too_big') return true;
  return !issues.some(
    ({ code, path }, other) =>
      (code === 'invalid_type' || (code === issue.code && other > at)) && isDeepStrictEqual(path, issue.path),
  );
}

/**
 * The one option of a union that was meant, by the kind of value or, among several maps, by the keys. Undefined when none or several fit.
 */
function meantOption(options: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const near = options.filter(issues => !issues.some(refusesKind));
  const ofKeys = near.filter(
    issues => !issues.some(({ code, path }) => code === 'unrecognized_keys' && path.length === 0),
  );
  const meant = ofKeys.length > 0 ? ofKeys : near;
  return meant.length === 1 ? meant[0] : undefined;
}

const kindCodes: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'invalid_union']);

function refusesKind(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return meantOption(issue.errors) === undefined;
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}

function problem(path: readonly (string | number)[], message: string, at: 'key' | 'value'): Problem {
  const key = path.at(-1);
  const named =
    typeof key === 'string' && message.startsWith(MISSING) ? message.replace('this', `\`${key}\``) : message;
  return { path, message: named, severity: 'error', ...(at === 'key' && { at }) };
}
