// Ends a schema's own sentence, "expected a time zone", with what was found, and with the name that was probably meant. Values that could
// be secret are not repeated.

import type { z } from 'zod';
import { found, MISSING } from '../base/schema/found.ts';
import { suggestion } from './nearest-name.ts';

type Path = readonly (string | number)[];
type Issue = z.core.$ZodIssue;

/** Keys below which stands what nobody is to read in a log; a URL may hold a password. */
const secretKey = /secret|passw|token|credential|key|hash|salt|pem|jwk|url|cookie|authorization/i;

/** `path` leads to the value in `document`, or to the key that is wrong. */
export function withFound(issue: Issue, message: string, document: unknown, path: Path, atKey: boolean): string {
  if (!message.startsWith('expected ')) return message;
  if (message.includes(', found ')) {
    const isOurs = issue.code === 'invalid_type' || issue.code === 'too_small' || issue.code === 'too_big';
    return isOurs && !isShown('', path) ? message.replace(/, found ".*$/s, ', found text') : message;
  }
  const value = atKey ? path.at(-1) : valueAt(document, path);
  if (value === undefined) return issue.code === 'custom' ? message : `${MISSING}: ${message}`;
  if (!isShown(value, atKey ? [] : path)) return message;
  const near = typeof value === 'string' ? suggestion(value, namesIn(issue)) : '';
  return `${message}, found ${found(value)}${near}`;
}

/** What stands at `path`; undefined where it ends before. */
export function valueAt(document: unknown, path: Path): unknown {
  return path.reduce(
    (value, step) => (typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined),
    document,
  );
}

function isShown(value: unknown, path: Path): boolean {
  if (typeof value === 'object' && value !== null) return false;
  if (typeof value === 'string' && value.includes('@')) return false;
  return !path.some(step => typeof step === 'string' && secretKey.test(step));
}

/** The names that an option of a union has in so many words. */
function namesIn(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.filter(value => typeof value === 'string');
  return issue.code === 'invalid_union' ? issue.errors.flatMap(option => option.flatMap(namesIn)) : [];
}
