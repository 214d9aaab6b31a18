// Header fields that many heads contain unchanged: built once, added to a head by reference, and written in one piece. Knows no head.

import { flatText } from '../base/latin1.ts';
import { HeaderId, headerIdOf } from './header-names.ts';
import { sameName } from './name-match.ts';

export class FieldBlock {
  /** Name, value, name, value. The creator of the block has checked that they are legal in a head. */
  readonly fields: readonly string[];
  /** Whether one of the names has a `HeaderId`. Most blocks have none, so a search for a well-known name can skip them. */
  readonly holdsKnown: boolean;
  private text: string;

  /** Callers that build many blocks with the same names pass `holdsKnown`, to have it computed only once. */
  constructor(fields: readonly string[], holdsKnown = areKnown(fields.filter((_, i) => i % 2 === 0))) {
    this.fields = fields;
    this.holdsKnown = holdsKnown;
    this.text = '';
  }

  /** The fields as lines, each ended by CRLF; built on first use and kept, except for a block of one field. */
  get lines(): string {
    const { fields } = this;
    // Because: a single line is built as quickly as it is looked up, and its value is usually a long token, which would be kept twice.
    if (fields.length === 2) return fieldLine(fields[0]!, fields[1]!);
    if (this.text === '' && fields.length > 0) this.text = linesOf(fields);
    return this.text;
  }

  /** Whether the block has a field of this name. `name` in lower case. */
  has(name: string): boolean {
    const { fields } = this;
    for (let i = 0; i < fields.length; i += 2) if (sameName(fields[i]!, name)) return true;
    return false;
  }
}

/** A field as a line of a head, ended by CRLF (RFC 9112 section 5). */
export function fieldLine(name: string, value: string): string {
  return `${name}: ${value}\r\n`;
}

/** Whether one of these names has a `HeaderId`. */
export function areKnown(names: readonly string[]): boolean {
  return names.some(name => headerIdOf(name.toLowerCase()) !== HeaderId.other);
}

function linesOf(fields: readonly string[]): string {
  let text = '';
  for (let i = 0; i < fields.length; i += 2) text += fieldLine(fields[i]!, fields[i + 1]!);
  return flatText(text);
}
