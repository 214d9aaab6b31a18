// Turns zod's issues into sentences for operators: what was found, what was expected, the nearest valid name. schema-problems.ts
// determines the place that they belong to.

import type { z } from 'zod';
import { found, MISSING } from '../../base/schema/found.ts';
import { fieldOf } from '../written.ts';
import {
  belongsIntoFilters,
  filterNamesOf,
  filtersAreElements,
  isFilterName,
  isOneFilter,
  meantFilter,
} from './filter-names.ts';
import { foreignName, plainName } from './foreign-names.ts';
import { foreignNote } from './foreign-notes.ts';
import { suggestion } from './nearest-name.ts';

/** Number of a map's keys that a message lists. */
const KEYS_SHOWN_MAX = 8;

/** Separates the sentences of an issue that is about several keys. */
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

/** For zod's `error` option: the message of an issue for which the schema has no message of its own. */
export function issueText(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return `${wrongType(issue)}${filtersText(issue)}`;
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
  // Because: the format of a number is known from its definition only.
  const format = (inst as { _zod?: { def?: { format?: string } } } | undefined)?._zod?.def?.format;
  const wanted = format === 'safeint' || expected === 'int' ? 'a whole number' : (typeNames[expected] ?? expected);
  if (input === undefined) return `${MISSING}: expected ${wanted}`;
  if (expected === 'object') return `expected ${mapText(inst)}, found ${found(input)}`;
  return `expected ${wanted}, found ${found(input)}${quotesText(expected, input)}`;
}

/** A hint when filters were given as a map by name, as other gateways have them. */
function filtersText({ expected, input, inst }: RawIssue & { code: 'invalid_type' }): string {
  const isMap = expected === 'array' && typeof input === 'object' && input !== null;
  return isMap && isOneFilter(elementOf(inst)) ? filtersAreElements : '';
}

/** A hint when text was given for a number, a list, or the other way round: which quotes or brackets are missing or should be removed. */
function quotesText(expected: string, input: unknown): string {
  // Because: the operator may have written 1.10 or 010, which is another text than that of the number.
  if (expected === 'string' && typeof input === 'number') return '; put it in quotes';
  if (expected === 'boolean' && typeof input === 'string') return truthText(input);
  const isNumber = typeof input === 'string' && /^-?[0-9]+(?:\.[0-9]+)?$/.test(input);
  if (isNumber && (expected === 'number' || expected === 'int')) return '; leave the quotes out';
  return expected === 'array' && typeof input === 'string' && /^[\w./*-]+$/.test(input) ? `; write ["${input}"]` : '';
}

/** A hint for `yes`, `on` and the like, which are `true` in YAML 1.1 and text in YAML 1.2. */
function truthText(text: string): string {
  if (/^(?:true|false)$/.test(text)) return '; leave the quotes out';
  if (/^(?:y|yes|on|true)$/i.test(text)) return '; write true';
  return /^(?:n|no|off|false)$/i.test(text) ? '; write false' : '';
}

/** A map with the names of its keys, only the first of them when there are many. */
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
  // A key that has a value already is probably not meant a second time.
  const free = known.filter(each => fieldOf(input, each) === undefined);
  // A name of several words that a setting inside of one of these has is that one, whatever else may have this name elsewhere.
  const isBelow = /[a-z][A-Z_-]/.test(key) && known.some(each => hasName(shapeOf(shape[each]), key));
  const meant = free.find(each => plainName(each) === plainName(key)) ?? (isBelow ? undefined : foreignName(key, free));
  if (meant !== undefined) return `unknown key ${written}; did you mean ${JSON.stringify(meant)}?`;
  const owners = known.filter(each => Object.hasOwn(shapeOf(shape[each]) ?? {}, key)).map(each => `\`${each}\``);
  if (owners.length > 0) return `unknown key ${written}; it belongs under ${listText(owners)}`;
  if (known.some(each => isFilterName(key, elementOf(shape[each]))))
    return `unknown key ${written}${belongsIntoFilters}`;
  const filter = known
    .map(each => foreignName(key, filterNamesOf(elementOf(shape[each]))))
    .find(each => each !== undefined);
  if (filter !== undefined) return `unknown key ${written}${meantFilter(filter)}`;
  const below = isBelow || foreignName(key, known) === undefined ? meantBelow(key, shape) : undefined;
  if (below !== undefined) return `unknown key ${written}; did you mean ${below}?`;
  const lists = known.filter(each => Object.hasOwn(shapeOf(elementOf(shape[each])) ?? {}, key));
  if (lists.length > 0) {
    const text = listText(lists.map(each => `\`${each}\``));
    return `unknown key ${written}; it belongs under ${text}, as an element of the list`;
  }
  const near = suggestion(key, free) || suggestion(key, known);
  if (near !== '') return `unknown key ${written}${near}`;
  const note = foreignNote(key);
  if (note !== undefined) return `unknown key ${written}; ${note}`;
  return known.length === 0 ? `unknown key ${written}` : `unknown key ${written}; expected ${listText(known)}`;
}

function hasName(shape: object | undefined, key: string): boolean {
  return Object.keys(shape ?? {}).some(each => plainName(each) === plainName(key));
}

/** A hint for a key that contains a known key, a colon and a value: YAML needs a space after the colon. Undefined for other keys. */
export function spaceMissing(key: string, known: readonly string[]): string | undefined {
  const first = key.slice(0, Math.max(0, key.indexOf(':')));
  return known.includes(first) ? `; a space is missing behind \`${first}:\`` : undefined;
}

/**
 * The key that was probably meant, read from the message of `unknownKey`, because zod keeps only the text of an issue. Undefined if none.
 */
export function keyMeant(message: string): string | undefined {
  return /^unknown key .*; did you mean "(.+)"\?$/.exec(message)?.[1];
}

/** The setting of a map inside this one that the key stands for, with the key of that map. */
function meantBelow(key: string, shape: Readonly<Record<string, object>>): string | undefined {
  for (const [owner, schema] of Object.entries(shape)) {
    const names = Object.keys(shapeOf(schema) ?? {});
    const name = foreignName(key, names) ?? names.find(each => plainName(each) === plainName(key));
    if (name !== undefined) return `${JSON.stringify(name)} under \`${owner}\``;
  }
  return undefined;
}

/** The part of zod's definition of a schema that is used here: the keys of an object, a list's elements, and the schema inside an optional one. */
interface Definition {
  readonly shape?: Readonly<Record<string, object>>;
  readonly innerType?: object;
  readonly element?: object;
  readonly in?: object;
}

/** The keys of an object's schema, which may be optional, have a default or be transformed; undefined for other schemas. */
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

/** What the options of a union expect, taken from their messages. */
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
