// Runs a schema over a value of the document and gives what is wrong as problems. Knows no files.

import type { z } from 'zod';
import type { Problem } from './config.ts';
import { MISSING } from './found.ts';
import { issueText, KEY_SEPARATOR } from './issue-text.ts';

/** A checked value, or everything that is wrong with it; paths begin at the value. */
export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const options = { error: issueText };

/** Checks one value. `Value` is what the schema makes. */
export function checkValue<Schema extends z.ZodType>(schema: Schema, value: unknown): Checked<z.output<Schema>> {
  const outcome = schema.safeParse(value, options);
  if (outcome.success) return { ok: true, value: outcome.data };
  return { ok: false, problems: problemsOf(outcome.error.issues, []) };
}

type Issue = z.core.$ZodIssue;

function problemsOf(issues: readonly Issue[], base: readonly (string | number)[]): Problem[] {
  return issues.flatMap(issue => {
    // Because: documents have no symbols for keys.
    const path = [...base, ...(issue.path as (string | number)[])];
    if (issue.code === 'unrecognized_keys') {
      const messages = issue.message.split(KEY_SEPARATOR);
      return issue.keys.map((key, at) => problem([...path, key], messages[at] ?? messages[0]!, 'key'));
    }
    if (issue.code === 'invalid_union') {
      const meant = meantOption(issue.errors);
      if (meant !== undefined) return problemsOf(meant, path);
    }
    const atKey = issue.code === 'invalid_key' || (issue.code === 'custom' && issue.params?.['at'] === 'key');
    const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [problem(path, message, atKey ? 'key' : 'value')];
  });
}

/** Of a union's options the one whose kind of value was written, when there is just one. */
function meantOption(options: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const near = options.filter(issues => !issues.some(refusesKind));
  return near.length === 1 ? near[0] : undefined;
}

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
