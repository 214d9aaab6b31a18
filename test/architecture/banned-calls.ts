// What code in the hot folders may not call, and how an exception is justified. docs/decisions says why each call is banned.

import { blankOut } from './blank-out.ts';
import { lineAt } from './imports.ts';
import type { SourceFile } from './source-files.ts';

/** Folders whose code every request passes through. */
export const hotFolders = ['src/exchange/', 'src/http/', 'src/net/', 'src/upstream/'];

interface Ban {
  readonly call: RegExp;
  readonly instead: string;
}

const bans: readonly Ban[] = [
  {
    call: /\bDate\.now\b|\bnew Date\b(?!\(\s*[^\s)])|(?<!new )\bDate\(\)|\bperformance\.now\b|\bprocess\.hrtime\b/g,
    instead: 'the clock of src/base, read once a loop turn',
  },
  { call: /\bset(?:Timeout|Interval)\b/g, instead: 'the timer wheel of src/base' },
  { call: /\bBuffer\.concat\b/g, instead: 'a list of buffers and one writev' },
  { call: /\bJSON\.parse\b/g, instead: 'nothing: bodies are read by filters, and only when someone asks' },
];

/** Matches the marker of an exception with at least two words of reason. */
const because = /\/\/.*\bBecause: \S+ \S+|\*.*\bBecause: \S+ \S+/;

/** Each banned call without a reason on its line or the line above, as `file:line call: what to use instead`. */
export function bannedCalls(files: readonly SourceFile[]): string[] {
  return files.flatMap(file => {
    const code = blankOut(file.text);
    const lines = file.text.split('\n');
    return bans.flatMap(({ call, instead }) =>
      [...code.matchAll(call)]
        .map(match => ({ name: match[0], line: lineAt(code, match.index) }))
        .filter(({ line }) => !because.test(lines[line - 1]!) && !because.test(lines[line - 2] ?? ''))
        .map(({ name, line }) => `${file.path}:${line} ${name}: use ${instead}`),
    );
  });
}
