// Fields that go out together with many heads: made once, put into a head by reference, written in one piece. Knows no head.

import { flatText } from '../base/latin1.ts';
import { HeaderId, headerIdOf } from './header-names.ts';
import { sameName } from './name-match.ts';

export class FieldBlock {
  /** Name, value, name, value; checked by whoever made them. */
  readonly fields: readonly string[];
  /** Whether one of them has a name with a `HeaderId`. */
  readonly holdsKnown: boolean;
  private text: string;

  constructor(fields: readonly string[]) {
    this.fields = fields;
    this.holdsKnown = fields.some((name, i) => i % 2 === 0 && headerIdOf(name.toLowerCase()) !== HeaderId.other);
    this.text = '';
  }

  /** As lines, each ended by CRLF; made when they are first written. */
  get lines(): string {
    const { fields } = this;
    // Because: one is put together as quickly as it is found, and is a long token as a rule, which would be kept twice.
    if (fields.length === 2) return `${fields[0]}: ${fields[1]}\r\n`;
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

function linesOf(fields: readonly string[]): string {
  let text = '';
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`;
  return flatText(text);
}
