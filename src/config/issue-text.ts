// From zod's issues to sentences for operators: what was found, what was expected, the nearest valid name.
// Which place they belong to is in schema-problems.ts.

import type { z } from 'zod';
import { found, MISSING } from '../base/schema/found.ts';
import { belongsIntoFilters, isFilterName } from './filter-names.ts';
import { foreignName, plainName } from './foreign-names.ts';
import { suggestion } from './nearest-name.ts';
import { fieldOf } from './written.ts';

/** Keys of a map that a message lists. */
const KEYS_SHOWN_MAX = 8;

/** Stands between the sentences of one issue that speaks of several keys. */
export const KEY_SEPARATOR = '\n';

type RawIssue = z.core.$ZodRawIssue;

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
};

/** For zod's `error` option: what schemas do not say themselves. */
export function issueText(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue);
    case 'unrecognized_keys':
      return issue.keys.map(key => unknownKey(key, issue.inst, issue.input)).join(KEY_SEPARATOR);
    case 'invalid_value':
      return wrongValue(issue.values, issue.input);
    case 'too_small':
      return `expected ${boundText('at least', issue.minimum, issue.origin)}, found ${sizeText(issue.input, issue.origin)}`;
    case 'too_big':
      return `expected ${boundText('at most', issue.maximum, issue.origin)}, found ${sizeText(issue.input, issue.origin)}`;
    case 'invalid_format':
      return `${found(issue.input)} does not have the right form`;
    case 'invalid_union':
      return unionText(issue.errors, issue.input);
    default:
      return undefined;
  }
}

function wrongType({ expected, input, inst }: RawIssue & { code: 'invalid_type' }): string {
  // Because: the format of a number is known by its definition only.
  const format = (inst as { _zod?: { def?: { format?: string } } } | undefined)?._zod?.def?.format;
  const wanted = format === 'safeint' || expected === 'int' ? 'a whole number' : (typeNames[expected] ?? expected);
  if (input === undefined) return `${MISSING}: expected ${wanted}`;
  if (expected === 'object') return `expected ${mapText(inst)}, found ${found(input)}`;
  return `expected ${wanted}, found ${found(input)}${quotesText(expected, input)}`;
}

/** A number where text is asked for, and the other way round: which quotes are missing or too many. */
function quotesText(expected: string, input: unknown): string {
  // Because: what was written may have been 1.10 or 010, which is another text than that of the number.
  if (expected === 'string' && typeof input === 'number') return '; put it in quotes';
  if (expected === 'boolean' && typeof input === 'string') return truthText(input);
  const isNumber = typeof input === 'string' && /^-?[0-9]+(?:\.[0-9]+)?$/.test(input);
  return isNumber && (expected === 'number' || expected === 'int') ? '; leave the quotes out' : '';
}

/** `yes`, `on` and the like are `true` to YAML 1.1, and text since. */
function truthText(text: string): string {
  if (/^(?:true|false)$/.test(text)) return '; leave the quotes out';
  if (/^(?:y|yes|on|true)$/i.test(text)) return '; write true';
  return /^(?:n|no|off|false)$/i.test(text) ? '; write false' : '';
}

/** A map with its keys, the first of them where there are many. */
function mapText(schema: object | undefined): string {
  const keys = Object.keys(shapeOf(schema) ?? {});
  if (keys.length === 0) return 'a map';
  return `a map of ${keys.slice(0, KEYS_SHOWN_MAX).join(', ')}${keys.length > KEYS_SHOWN_MAX ? ', ...' : ''}`;
}

function unknownKey(key: string, schema: object | undefined, input: unknown): string {
  const written = JSON.stringify(key);
  const shape = shapeOf(schema) ?? {};
  const known = Object.keys(shape);
  const space = spaceMissing(key, known);
  if (space !== undefined) return `unknown key ${written}${space}`;
  // What stands there already is rather not meant a second time.
  const free = known.filter(each => fieldOf(input, each) === undefined);
  const meant = foreignName(key, free);
  if (meant !== undefined) return `unknown key ${written}; did you mean ${JSON.stringify(meant)}?`;
  const owners = known.filter(each => Object.hasOwn(shapeOf(shape[each]) ?? {}, key)).map(each => `\`${each}\``);
  if (owners.length > 0) return `unknown key ${written}; it belongs under ${listText(owners)}`;
  if (known.some(each => isFilterName(key, elementOf(shape[each]))))
    return `unknown key ${written}${belongsIntoFilters}`;
  const below = foreignName(key, known) === undefined ? meantBelow(key, shape) : undefined;
  if (below !== undefined) return `unknown key ${written}; did you mean ${below}?`;
  const near = suggestion(key, free) || suggestion(key, known);
  if (near !== '') return `unknown key ${written}${near}`;
  return known.length === 0 ? `unknown key ${written}` : `unknown key ${written}; expected ${listText(known)}`;
}

/** For a key that holds a known one and its value, since YAML wants a space between them. */
export function spaceMissing(key: string, known: readonly string[]): string | undefined {
  const first = key.slice(0, Math.max(0, key.indexOf(':')));
  return known.includes(first) ? `; a space is missing behind \`${first}:\`` : undefined;
}

/** The key that was probably meant, by what `unknownKey` says of it: of an issue zod keeps no more than its text. */
export function keyMeant(message: string): string | undefined {
  return /^unknown key .*; did you mean "(.+)"\?$/.exec(message)?.[1];
}

/** A setting of one of the maps inside that the key stands for, with where it is. */
function meantBelow(key: string, shape: Readonly<Record<string, object>>): string | undefined {
  for (const [owner, schema] of Object.entries(shape)) {
    const names = Object.keys(shapeOf(schema) ?? {});
    const name = foreignName(key, names) ?? names.find(each => plainName(each) === plainName(key));
    if (name !== undefined) return `${JSON.stringify(name)} under \`${owner}\``;
  }
  return undefined;
}

/** What a schema is made of, as far as it is known here: the keys of an object, the elements of a list, and what stands in an optional one. */
interface Definition {
  readonly shape?: Readonly<Record<string, object>>;
  readonly innerType?: object;
  readonly element?: object;
  readonly in?: object;
}

/** The keys of an object’s schema, also of one that is optional, has a default or is transformed; undefined for others. */
function shapeOf(schema: object | undefined): Readonly<Record<string, object>> | undefined {
  const definition = definitionOf(schema);
  const inner = definition?.innerType ?? definition?.in;
  return definition?.shape ?? (inner === undefined ? undefined : shapeOf(inner));
}

/** The schema of a list's elements, also of a list that is optional or has a default; undefined for others. */
function elementOf(schema: object | undefined): object | undefined {
  const definition = definitionOf(schema);
  return definition?.element ?? (definition?.innerType === undefined ? undefined : elementOf(definition.innerType));
}

function definitionOf(schema: object | undefined): Definition | undefined {
  // Because: zod tells the schema of an issue without its type.
  return (schema as { readonly _zod?: { readonly def?: Definition } } | undefined)?._zod?.def;
}

function wrongValue(values: readonly unknown[], input: unknown): string {
  if (input === undefined) return `${MISSING}: expected ${listText(values.map(String))}`;
  const near = typeof input === 'string' ? suggestion(input, values.map(String)) : '';
  return `expected ${listText(values.map(String))}, found ${found(input)}${near}`;
}

/** What the options expect, taken from their sentences. */
function unionText(options: readonly (readonly z.core.$ZodIssue[])[], input: unknown): string {
  const wanted = options.flatMap(issues =>
    issues.slice(0, 1).map(({ message }) => /^expected (.*), found /s.exec(message)?.[1]),
  );
  const known = [...new Set(wanted.filter(each => each !== undefined))];
  if (input === undefined) return known.length === 0 ? MISSING : `${MISSING}: expected ${listText(known)}`;
  return known.length === 0
    ? `this does not fit here: ${found(input)}`
    : `expected ${listText(known)}, found ${found(input)}`;
}

/** `a, b or c`. */
function listText(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function boundText(direction: string, bound: unknown, origin: string): string {
  if (origin === 'array') return `${direction} ${bound} ${bound === 1 ? 'element' : 'elements'}`;
  if (origin === 'string') return `${direction} ${bound} ${bound === 1 ? 'character' : 'characters'}`;
  return `${direction} ${bound}`;
}

function sizeText(input: unknown, origin: string): string {
  if (origin === 'array' && Array.isArray(input)) return String(input.length);
  return found(input);
}
