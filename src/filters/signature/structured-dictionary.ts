// Parses and writes dictionaries of structured fields (RFC 9651 section 3.2), with all values but display strings, which signatures and
// digests do not use. Strict: a text outside the grammar gives null, never a guess.

/** A value that a parameter or an item may have. */
export type BareItem = string | number | boolean | Token | Decimal | DateItem | Buffer;

/** A token, as distinct from a string. */
export class Token {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A decimal, as distinct from an integer: 2.0 must be written as 2.0 again, and is not a valid time of a signature. */
export class Decimal {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** A date, as distinct from an integer: `@1659578233`. */
export class DateItem {
  readonly seconds: number;
  constructor(seconds: number) {
    this.seconds = seconds;
  }
}

export type Parameters = ReadonlyMap<string, BareItem>;

export interface Item {
  readonly value: BareItem;
  readonly parameters: Parameters;
}

export interface InnerList {
  readonly items: readonly Item[];
  readonly parameters: Parameters;
}

export type Member = Item | InnerList;

/** The longest field and the most members that are parsed; signatures are far below both. */
const LENGTH_MAX = 16_384;
const MEMBERS_MAX = 32;

export function isInnerList(member: Member): member is InnerList {
  return 'items' in member;
}

/** Null for a text that is not a dictionary, is too large, or contains a key twice, which makes it ambiguous. */
export function parseDictionary(text: string): ReadonlyMap<string, Member> | null {
  if (text.length > LENGTH_MAX) return null;
  try {
    return new Reader(text).dictionary();
  } catch (error) {
    if (error instanceof Malformed) return null;
    throw error;
  }
}

/** Thrown and caught in this file only. */
class Malformed extends Error {}

class Reader {
  private readonly text: string;
  private at: number;

  constructor(text: string) {
    this.text = text;
    this.at = 0;
  }

  dictionary(): Map<string, Member> {
    const members = new Map<string, Member>();
    this.skip(' ');
    while (this.at < this.text.length) {
      const key = this.match(/[a-z*][a-z0-9_.*-]*/y);
      if (members.has(key) || members.size === MEMBERS_MAX) throw new Malformed();
      const member: Member = this.takes('=')
        ? this.text[this.at] === '('
          ? this.innerList()
          : { value: this.bareItem(), parameters: this.parameters() }
        : { value: true, parameters: this.parameters() };
      members.set(key, member);
      this.skip(' \t');
      if (this.at === this.text.length) return members;
      if (!this.takes(',')) throw new Malformed();
      this.skip(' \t');
      if (this.at === this.text.length) throw new Malformed();
    }
    return members;
  }

  private innerList(): InnerList {
    this.at++;
    const items: Item[] = [];
    for (;;) {
      this.skip(' ');
      if (this.takes(')')) return { items, parameters: this.parameters() };
      items.push({ value: this.bareItem(), parameters: this.parameters() });
      if (this.text[this.at] !== ' ' && this.text[this.at] !== ')') throw new Malformed();
    }
  }

  private parameters(): Parameters {
    const parameters = new Map<string, BareItem>();
    while (this.takes(';')) {
      this.skip(' ');
      const key = this.match(/[a-z*][a-z0-9_.*-]*/y);
      if (parameters.has(key) || parameters.size === MEMBERS_MAX) throw new Malformed();
      parameters.set(key, this.takes('=') ? this.bareItem() : true);
    }
    return parameters;
  }

  private bareItem(): BareItem {
    const first = this.text[this.at];
    if (first === '"')
      return this.match(/"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/y)
        .slice(1, -1)
        .replace(/\\(.)/g, '$1');
    if (first === ':') {
      const encoded = this.match(/:[A-Za-z0-9+/]*={0,2}:/y).slice(1, -1);
      const bytes = Buffer.from(encoded, 'base64');
      // Because: a lenient decoder accepts several texts for the same bytes.
      if (bytes.toString('base64') !== encoded) throw new Malformed();
      return bytes;
    }
    if (first === '?') return this.match(/\?[01]/y) === '?1';
    if (first !== undefined && /[-0-9]/.test(first)) return this.number();
    if (this.takes('@')) return new DateItem(this.integer());
    return new Token(this.match(/[A-Za-z*][A-Za-z0-9!#$%&'*+.^_`|~:/-]*/y));
  }

  private number(): number | Decimal {
    const decimal = this.next(/-?[0-9]{1,12}\.[0-9]{1,3}(?![0-9.])/y);
    return decimal === undefined ? this.integer() : new Decimal(plain(decimal));
  }

  private integer(): number {
    return plain(this.match(/-?[0-9]{1,15}(?![0-9.])/y));
  }

  private match(pattern: RegExp): string {
    const found = this.next(pattern);
    if (found === undefined) throw new Malformed();
    return found;
  }

  private next(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    this.at += found?.length ?? 0;
    return found;
  }

  private takes(sign: string): boolean {
    if (this.text[this.at] !== sign) return false;
    this.at++;
    return true;
  }

  private skip(signs: string): void {
    while (this.at < this.text.length && signs.includes(this.text[this.at]!)) this.at++;
  }
}

/** Converts digits to a number, with -0 as 0. */
function plain(digits: string): number {
  return Number(digits) + 0;
}

/** An inner list in the form of RFC 9651 section 4.1.1.1. */
export function innerListText({ items, parameters }: InnerList): string {
  return `(${items.map(itemText).join(' ')})${parametersText(parameters)}`;
}

export function itemText({ value, parameters }: Item): string {
  return bareItemText(value) + parametersText(parameters);
}

function parametersText(parameters: Parameters): string {
  let text = '';
  for (const [key, value] of parameters) text += value === true ? `;${key}` : `;${key}=${bareItemText(value)}`;
  return text;
}

function bareItemText(value: BareItem): string {
  if (typeof value === 'string') return `"${value.replace(/["\\]/g, '\\$&')}"`;
  if (typeof value === 'number') return String(value);
  if (typeof value === 'boolean') return value ? '?1' : '?0';
  if (value instanceof DateItem) return `@${value.seconds}`;
  if (value instanceof Decimal) return Number.isInteger(value.value) ? value.value.toFixed(1) : String(value.value);
  return value instanceof Token ? value.text : `:${value.toString('base64')}:`;
}
