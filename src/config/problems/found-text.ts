// Completes the message of a schema, such as "expected a time zone", with the value that was found and the name that was probably meant.
// Values that could be secret are not repeated.

import type { z } from 'zod';
import { found, MISSING } from '../../base/schema/found.ts';
import { suggestion } from './nearest-name.ts';

type Path = readonly (string | number)[];
type Issue = z.core.$ZodIssue;

/** Keys below which a value may be secret and must not appear in a log. A URL may contain a password. */
const secretKey = /secret|passw|token|credential|key|hash|salt|pem|jwk|url|cookie|authorization/i;

/** `path` leads to the value in `document`, or with `atKey` to the key that is wrong. */
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

/** The value at `path`; undefined when the path leads to nothing. */
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

/** The texts that are allowed literally, by the issue or by any option of a union. */
function namesIn(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_value') return issue.values.filter(value => typeof value === 'string');
  return issue.code === 'invalid_union' ? issue.errors.flatMap(option => option.flatMap(namesIn)) : [];
}
