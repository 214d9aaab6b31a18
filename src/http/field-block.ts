// Fields that many heads send in the same form: made once, added to a head by reference, written in one piece. Knows no head.

import { flatText } from '../base/latin1.ts';
import { HeaderId, headerIdOf } from './header-names.ts';
import { sameName } from './name-match.ts';

export class FieldBlock {
  /** Name, value, name, value; checked by their maker. */
  readonly fields: readonly string[];
  /** Whether one of the names has a `HeaderId`: most blocks have none, and need not be looked through for one. */
  readonly holdsKnown: boolean;
  private text: string;

  /** `holdsKnown` is given by callers that make many with the same names. */
  constructor(fields: readonly string[], holdsKnown = areKnown(fields.filter((_, i) => i % 2 === 0))) {
    this.fields = fields;
    this.holdsKnown = holdsKnown;
    this.text = '';
  }

  /** As lines, each ended by CRLF; made when they are first written. */
  get lines(): string {
    const { fields } = this;
    // Because: one is put together as quickly as it is found, and is a long token as a rule, which would be kept twice.
    if (fields.length === 2) return fieldLine(fields[0]!, fields[1]!);
    if (this.text === '' && fields.length > 0) this.text = linesOf(fields);
    return this.text;
  }

  /** Whether one of them has this name. `name` in lower case. */
  has(name: string): boolean {
    const { fields } = this;
    for (let i = 0; i < fields.length; i += 2) if (sameName(fields[i]!, name)) return true;
    return false;
  }
}

/** A field as in a head (RFC 9112 section 5). */
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
