// Texts that a regular expression matches, made up from its source: each alternative, optional and repeated parts, several characters of a
// class. Enough for the patterns that routes have. Each text is finally tested against the expression, and dropped if it does not match.

import { compileLinearRegex, LinearRegexError } from '../../base/linear-regex.ts';

/** Most texts of one expression, and of each of its parts, whose texts are then combined. */
const TEXTS_MAX = 32;

/** Candidates for a character class, besides the characters in its own source: those that the class matches are used. */
const letters = ['a', '1', 'A', '-', '_', '/', '.', ' '];
const CLASS_LETTERS_MAX = 6;

/** Texts that match the whole expression, the simplest first; empty when none can be made up or the expression cannot be compiled. */
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

/** Texts of the alternatives in turn: the first of each alternative, then the second of each. Null when the source is not understood. */
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
  // Because: a class of few characters usually contains them literally.
  const taken = new Set([...letters, ...unit].filter(letter => regex.testWhole(letter)));
  return taken.size === 0 ? null : [...taken].slice(0, CLASS_LETTERS_MAX);
}

interface Times {
  readonly min: number;
  readonly max: number;
}

/** The quantifier after the atom that was read last; once when there is none. */
function times(reader: Reader): Times {
  const found = /^([*+?]|\{(\d+)(,(\d*))?\})\??/.exec(reader.source.slice(reader.at));
  if (found === null) return { min: 1, max: 1 };
  reader.at += found[0].length;
  const [, sign, least, more, most = ''] = found;
  if (least === undefined) return { min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Infinity };
  const min = Number(least);
  return { min, max: more === undefined ? min : most === '' ? Infinity : Number(most) };
}

/**
 * Texts for a repeated atom: the fewest repetitions allowed but at least one, then none if allowed, one repetition more, two different
 * texts, and two path segments if the atom matches a slash.
 */
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

/** Concatenations of the pieces: all combinations when they are few, otherwise each text of each piece once and a few mixtures. */
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
