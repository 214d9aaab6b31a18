// Reads one YAML 1.2 document into plain values with js-yaml. The plain subset that most documents keep to is read faster by
// plain-yaml.ts; texts outside of it are read by this.

import { CORE_SCHEMA, load, mergeTag, YAMLException } from 'js-yaml';

/** Why a text is not one document: a message and the offset of the error. */
export class ReadError {
  readonly message: string;
  readonly offset: number;

  constructor(message: string, offset: number) {
    this.message = message;
    this.offset = offset;
  }
}

const schema = CORE_SCHEMA.withTags(mergeTag);
const options = { schema, maxDepth: 64, maxAliases: 10_000, maxTotalMergeKeys: 100_000 };

/** Number of values that a document may have when its aliases are written out. */
const valuesMax = 2_000_000;

/** The value of a document; null for an empty one. Aliased values are shared objects. */
export function readYaml(text: string): { readonly value: unknown } | ReadError {
  if (/^(?:\s|#[^\n]*(?:\n|$))*$/.test(text)) return { value: null };
  let value: unknown;
  try {
    value = load(text, options);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    if (error.mark === undefined || error.mark === null) return withoutMark(text, error.reason);
    const { position } = error.mark;
    const template = /complex keys$/.test(error.reason) ? text.indexOf('{{', position) : -1;
    if (template !== -1) return new ReadError(unfilledTemplate, template);
    const letter = text[position] ?? '';
    const told = reasonText(error.reason) + (foreignSpace(text, position) ?? hint(error.reason, letter));
    return new ReadError(told, startOf(text, position));
  }
  if (text.includes('*') && countValues(value, new Map()) > valuesMax) {
    return new ReadError(`the document has more than ${valuesMax} values when its aliases are written out`, 0);
  }
  return { value };
}

/** The offset to report, since js-yaml marks quoted text behind its opening quote. */
function startOf(text: string, position: number): number {
  const before = text[position - 1];
  return before === '"' || before === "'" ? position - 1 : Math.min(position, text.length);
}

function withoutMark(text: string, reason: string): ReadError {
  if (!/single document/.test(reason)) return new ReadError(reasonText(reason), 0);
  const second = [...text.matchAll(/^---(?=\s|$)/gm)].findLast(match => match.index > 0);
  return new ReadError('expected one document in a file, found another after `---`', second?.index ?? 0);
}

const unfilledTemplate =
  'not YAML: `{{` begins a map inside of a map; was a template not filled in? Text that begins with { needs quotes';

/** A hint about a character that web pages and word processors put in place of a space or colon, in the line or the one above. */
function foreignSpace(text: string, position: number): string | undefined {
  const start = text.lastIndexOf('\n', text.lastIndexOf('\n', position - 1) - 1) + 1;
  const end = text.indexOf('\n', position);
  const letter = /[\u00a0\u2000-\u200f\u202f\u2060\u3000\ufeff\uff1a]/.exec(
    text.slice(start, end === -1 ? undefined : end),
  );
  if (letter === null) return undefined;
  const code = letter[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return `; the letter U+${code} stands here, which looks like ${code === 'FF1A' ? 'a colon' : 'a space or nothing'} and is none`;
}

function reasonText(reason: string): string {
  const duplicate = /^duplicated mapping key$/.test(reason);
  return duplicate ? 'this key is given twice' : `not YAML: ${reason}`;
}

/** A hint where YAML reads something else than a newcomer meant. `letter` is the character at the error; empty at the end of the text. */
function hint(reason: string, letter: string): string {
  const alias = /^unidentified alias "(.*)"$/.exec(reason)?.[1];
  if (alias !== undefined) return `; text that begins with * needs quotes: "*${alias}"`;
  if (reason === 'unknown escape sequence')
    return '; in double quotes \\ begins an escape: single quotes leave it as it is';
  if (reason === 'deficient indentation') {
    return /[\]}]/.test(letter)
      ? `; indent the ${letter} deeper than the key that its bracket belongs to`
      : '; is a quote or bracket above not closed?';
  }
  if (/^unknown .* tag !<tag:yaml/.test(reason)) return '; there are text, numbers, true and false, lists and maps';
  if (/^unknown .* tag/.test(reason)) return '; text that begins with ! needs quotes';
  if (/^missed comma/.test(reason)) {
    if (/[{}[\]]/.test(letter)) return '; between { } and [ ], text with brackets needs quotes: "/users/{id}"';
    return inQuotes(letter);
  }
  if (/^bad indentation|multiline key|^expected ':'|^end of the stream/.test(reason))
    return (
      inQuotes(letter) ||
      '; is it indented as what it belongs to, and has each key above a colon, and a space behind that?'
    );
  return '';
}

function inQuotes(letter: string): string {
  return /[@`%]/.test(letter) ? `; text that begins with ${letter} needs quotes` : '';
}

/** The number of values when a shared one counts every time it is used. */
function countValues(value: unknown, counted: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return 1;
  const known = counted.get(value);
  if (known !== undefined) return known;
  let count = 1;
  // A value that contains itself through an alias has no end.
  counted.set(value, Number.POSITIVE_INFINITY);
  for (const inner of Object.values(value)) count += countValues(inner, counted);
  counted.set(value, count);
  return count;
}
