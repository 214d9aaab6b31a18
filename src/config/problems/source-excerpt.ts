// The line of a document that a problem is about, with a caret below the place, for people at a terminal.

import { readFileSync, statSync } from 'node:fs';
import type { LocatedProblem } from '../config.ts';
import { LineIndex } from '../documents/line-index.ts';

const widthMax = 120;
const fileBytesMax = 64 * 1024 * 1024;

/** Lines that may contain a secret are not repeated anywhere. */
const secretLine = /secret|passw|token|credential|api-?key|\bkeys?\b|\bhash\b|authorization|cookie|:\/\/[^/\s]*@/i;

/** Keys below which any line may be a secret, even when it does not name the key: an element of a list, or a block of text. */
const secretStep = /^(?:basic|hash|keys?|pem|url)$|secret|passw|token|credential|jwk|cookie|authorization/i;

/** Excerpts of files as they are on the disk now. Each file is read once. */
export class SourceExcerpts {
  private readonly indexes = new Map<string, LineIndex>();

  /** The line, and a line with the caret. Empty when the file has no such line, or when the line could contain a secret. */
  of({ file, line, column, path }: LocatedProblem): readonly string[] {
    if (path.some(step => typeof step === 'string' && secretStep.test(step))) return [];
    const text = this.indexOf(file).lineText(line).replaceAll('\t', ' ');
    if (text.trim() === '' || secretLine.test(text)) return [];
    const from = Math.max(0, column - 1 - Math.floor(widthMax / 2));
    const shown = text.length <= widthMax ? text : text.slice(from, from + widthMax);
    const caretAt = column - 1 - (shown === text ? 0 : from);
    return [shown, `${' '.repeat(Math.min(caretAt, shown.length))}^`];
  }

  private indexOf(file: string): LineIndex {
    let index = this.indexes.get(file);
    if (index === undefined) {
      index = new LineIndex(textOf(file));
      this.indexes.set(file, index);
    }
    return index;
  }
}

function textOf(file: string): string {
  try {
    // Because: a file that was refused as a device, a pipe or too large must not be read for its line either.
    const status = statSync(file);
    if (!status.isFile() || status.size > fileBytesMax) return '';
    const text = readFileSync(file, 'utf8');
    return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  } catch {
    // Because: the problem may be this very file, and the message says so.
    return '';
  }
}
