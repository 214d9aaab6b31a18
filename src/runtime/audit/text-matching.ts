// Texts that a regular expression takes, made up from its source: each alternative, what may be left out and what may come again, several
// letters of a class. Enough for the patterns that routes have. What is made up wrongly is left out: the expression has the last word.

import { compileLinearRegex, LinearRegexError } from '../../base/linear-regex.ts';

/** Of one expression; also of each of its parts, whose texts are put together. */
const TEXTS_MAX = 32;

/** Tried in turn where a class does not say which letters it takes. */
const letters = ['a', '1', 'A', '-', '_', '/', '.', ' '];
const CLASS_LETTERS_MAX = 6;

/** Several where it takes several, the plainest first; none where none can be made up. */
export function textsMatching(source: string): string[] {
  const regex = compileLinearRegex(source);
  if (regex instanceof LinearRegexError) return [];
  const reader = { source, at: 0 };
  const texts = alternatives(reader);
  return texts === null || reader.at !== source.length ? [] : texts.filter(text => regex.testWhole(text));
}

interface Reader {
  readonly source: string;
  at: number;
}

/** The first text of each of them, then the second of each. */
function alternatives(reader: Reader): string[] | null {
  const branches: string[][] = [];
  for (;;) {
    const texts = sequence(reader);
    if (texts === null) return null;
    branches.push(texts);
    if (reader.source[reader.at] !== '|') return inTurn(branches);
    reader.at++;
  }
}

function sequence(reader: Reader): string[] | null {
  const pieces: string[][] = [];
  while (reader.at < reader.source.length && !'|)'.includes(reader.source[reader.at]!)) {
    const piece = atom(reader);
    if (piece === null) return null;
    pieces.push(repeated(piece, times(reader)));
  }
  return joined(pieces);
}

function atom(reader: Reader): string[] | null {
  const { source, at } = reader;
  const sign = source[at]!;
  if (sign === '^' || sign === '$') {
    reader.at++;
    return [''];
  }
  if (sign === '(') {
    reader.at += /^\((\?:|\?P?<\w+>)?/.exec(source.slice(at))![0].length;
    const texts = alternatives(reader);
    if (texts === null || source[reader.at] !== ')') return null;
    reader.at++;
    return texts;
  }
  const unit = /^(\[\^?\]?(\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\.|[^*+?{}()|[\]])/s.exec(source.slice(at))?.[0];
  if (unit === undefined) return null;
  reader.at += unit.length;
  if (unit.length === 1 && unit !== '.') return [unit];
  const regex = compileLinearRegex(unit);
  if (regex instanceof LinearRegexError) return null;
  // Because: a class of few letters usually names them.
  const taken = new Set([...letters, ...unit].filter(letter => regex.testWhole(letter)));
  return taken.size === 0 ? null : [...taken].slice(0, CLASS_LETTERS_MAX);
}

interface Times {
  readonly min: number;
  readonly max: number;
}

/** Of the atom that was read last. */
function times(reader: Reader): Times {
  const found = /^([*+?]|\{(\d+)(,(\d*))?\})\??/.exec(reader.source.slice(reader.at));
  if (found === null) return { min: 1, max: 1 };
  reader.at += found[0].length;
  const [, sign, least, more, most = ''] = found;
  if (least === undefined) return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
  const min = Number(least);
  return { min, max: more === undefined ? min : most === '' ? Infinity : Number(most) };
}

/** As few as are allowed, one where none would do; then none, one more, two that differ, and of what takes slashes two segments. */
function repeated(texts: readonly string[], { min, max }: Times): string[] {
  if (max === 0) return [''];
  const few = Math.max(1, min);
  const [first = '', second = first] = texts;
  return distinct([
    first.repeat(few),
    ...(min === 0 ? [''] : []),
    ...(max > few ? [first.repeat(few + 1), first.repeat(few) + second] : []),
    ...(max > few + 1 && texts.includes('/') ? [`${first.repeat(few)}/${first}`] : []),
    ...texts.map(text => text.repeat(few)),
  ]);
}

/** All that these pieces give one behind the other where they are few; else each text of each piece once, and some of all pieces. */
function joined(pieces: readonly string[][]): string[] {
  const count = pieces.reduce((product, texts) => product * texts.length, 1);
  if (count <= TEXTS_MAX) {
    return distinct(pieces.reduce((all, texts) => texts.flatMap(text => all.map(one => one + text)), ['']));
  }
  const plain = pieces.map(texts => texts[0]!);
  const single = pieces.map((texts, at) => texts.slice(1).map(text => plain.with(at, text).join('')));
  const shifted = [1, 2, 3].map(by => pieces.map(texts => texts[Math.min(by, texts.length - 1)]!).join(''));
  return distinct([plain.join(''), ...shifted, ...inTurn(single)]);
}

function inTurn(lists: readonly (readonly string[])[]): string[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return distinct(Array.from({ length: longest }, (_, at) => lists.flatMap(list => list.slice(at, at + 1))).flat());
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].slice(0, TEXTS_MAX);
}
