// A text that a regular expression takes, made up from its source; enough for the patterns that routes have. What cannot be made up is
// null, and what was made up wrongly as well: the expression itself has the last word.

import { compileLinearRegex, LinearRegexError } from '../../base/linear-regex.ts';

/** Tried in turn where a class does not say which letters it takes. */
const letters = ['a', '1', 'A', '-', '_', '/', '.', ' '];

export function textMatching(source: string): string | null {
  const regex = compileLinearRegex(source);
  if (regex instanceof LinearRegexError) return null;
  const reader = { source, at: 0 };
  const text = alternatives(reader);
  return text !== null && reader.at === source.length && regex.testWhole(text) ? text : null;
}

interface Reader {
  readonly source: string;
  at: number;
}

/** The first of them; the others are read over. */
function alternatives(reader: Reader): string | null {
  let first: string | null = null;
  for (let isFirst = true; ; isFirst = false) {
    const text = sequence(reader);
    if (text === null) return null;
    if (isFirst) first = text;
    if (reader.source[reader.at] !== '|') return first;
    reader.at++;
  }
}

function sequence(reader: Reader): string | null {
  let text = '';
  while (reader.at < reader.source.length && !'|)'.includes(reader.source[reader.at]!)) {
    const piece = atom(reader);
    if (piece === null) return null;
    text += piece.repeat(times(reader));
  }
  return text;
}

function atom(reader: Reader): string | null {
  const { source, at } = reader;
  const sign = source[at]!;
  if (sign === '^' || sign === '$') {
    reader.at++;
    return '';
  }
  if (sign === '(') {
    reader.at += /^\((\?:|\?P?<\w+>)?/.exec(source.slice(at))![0].length;
    const text = alternatives(reader);
    if (text === null || source[reader.at] !== ')') return null;
    reader.at++;
    return text;
  }
  const unit = /^(\[\^?\]?(\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\.|[^*+?{}()|[\]])/s.exec(source.slice(at))?.[0];
  if (unit === undefined) return null;
  reader.at += unit.length;
  if (unit.length === 1 && unit !== '.') return unit;
  const regex = compileLinearRegex(unit);
  if (regex instanceof LinearRegexError) return null;
  // Because: a class of few letters usually names them.
  return [...letters, ...unit].find(letter => regex.testWhole(letter)) ?? null;
}

/** Of the atom that was read last: as few as are allowed, one where none would do. */
function times(reader: Reader): number {
  const found = /^([*+?]|\{(\d+)(,\d*)?\})\??/.exec(reader.source.slice(reader.at));
  if (found === null) return 1;
  reader.at += found[0].length;
  return Math.max(1, Number(found[2] ?? 1));
}
