// Says where and why a text is not JSON. V8 gives the place only sometimes, and shows pieces of the text, which may be secret.

import { ReadError } from './yaml.ts';

const token =
  /[ \t\r\n]*(?:([{}[\]:,])|("[^"\\\0-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\0-\x1f]*)*")|(-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9A-Za-z_.])|(?:true|false|null)(?![0-9A-Za-z_])))/y;

type Wanted = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or }' | ', or ]' | 'end';

const wantedText: Readonly<Record<Wanted, string>> = {
  value: 'a value',
  'value or ]': 'a value or ]',
  key: 'a key in double quotes',
  'key or }': 'a key in double quotes or }',
  ':': 'a colon',
  ', or }': 'a comma or }',
  ', or ]': 'a comma or ]',
  end: 'nothing more',
};

/** The error in a text that JSON.parse has refused. */
export function jsonError(text: string): ReadError {
  const open: string[] = [];
  let wanted: Wanted = 'value';
  token.lastIndex = 0;
  for (;;) {
    const at = token.lastIndex;
    const match = token.exec(text);
    const next: Wanted | undefined = match === null ? undefined : step(wanted, match, open);
    if (match === null || next === undefined) return wrong(text, at, wanted);
    wanted = next;
  }
}

/** What is expected after this token; undefined when the token is out of place. `open` holds the brackets that are open. */
function step(wanted: Wanted, [, mark, string, plain]: RegExpExecArray, open: string[]): Wanted | undefined {
  const isValueWanted = wanted === 'value' || wanted === 'value or ]';
  if (string !== undefined && (wanted === 'key' || wanted === 'key or }')) return ':';
  if (string !== undefined || plain !== undefined) return isValueWanted ? behindValue(open) : undefined;
  if (mark === '{' || mark === '[') {
    if (!isValueWanted) return undefined;
    open.push(mark);
    return mark === '{' ? 'key or }' : 'value or ]';
  }
  if (mark === ':') return wanted === ':' ? 'value' : undefined;
  if (mark === ',') return wanted === ', or }' ? 'key' : wanted === ', or ]' ? 'value' : undefined;
  if (mark === undefined || !wanted.endsWith(mark)) return undefined;
  open.pop();
  return behindValue(open);
}

function behindValue(open: readonly string[]): Wanted {
  const around = open.at(-1);
  return around === undefined ? 'end' : around === '{' ? ', or }' : ', or ]';
}

function wrong(text: string, at: number, wanted: Wanted): ReadError {
  const offset = at + /^[ \t\r\n]*/.exec(text.slice(at))![0].length;
  const letter = text[offset];
  const found = letter === undefined ? 'the end' : letter === '"' ? 'text' : JSON.stringify(letter);
  const hint = letter === '"' && wanted.includes('value') ? ' that is not closed or not valid in JSON' : '';
  return new ReadError(`not JSON: expected ${wantedText[wanted]}, found ${found}${hint}`, offset);
}
