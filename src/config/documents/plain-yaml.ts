// A fast reader for the plain part of YAML that most documents keep to: block maps and lists, flow collections and scalars on one line.
// For anything else (anchors, tags, block scalars, scalars over several lines, unusual numbers, every error) it returns `notPlain`, and
// js-yaml has to read the text. A property test checks that both give the same values.

/** Returned when this reader cannot tell what the text means. */
export const notPlain: unique symbol = Symbol('not plain');

/** Characters that are not plain printable text: tabs, carriage returns, surrogates and what YAML counts as special. */
const unusual = /[^\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]/;
const depthMax = 40;

/** The value of a text that is a block map or a block list, or `notPlain`. */
export function readPlainYaml(text: string): unknown {
  if (unusual.test(text)) return notPlain;
  try {
    return new PlainReader(text).document();
  } catch (error) {
    if (error === outside) return notPlain;
    throw error;
  }
}

/** The elements of a block list with this indent, and the offset of the line where each begins (0 for the first). Null when not plain. */
export function readPlainList(
  text: string,
  indent: number,
): { readonly elements: readonly unknown[]; readonly starts: readonly number[] } | null {
  if (unusual.test(text)) return null;
  try {
    return new PlainReader(text).listAlone(indent);
  } catch (error) {
    if (error === outside) return null;
    throw error;
  }
}

/** Thrown to leave the reader from any depth. Made once, because its stack trace is of no interest. */
const outside = new Error('outside the plain part of YAML');

const space = 0x20;
const newline = 0x0a;
const hash = 0x23;
const dash = 0x2d;
const colon = 0x3a;
const comma = 0x2c;
const quote = 0x22;
const apostrophe = 0x27;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** 1 for letters that may begin a key, 2 for further letters that may follow. */
const keyLetters = new Uint8Array(128);
for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$') keyLetters[letter.charCodeAt(0)] = 1;
for (const letter of '0123456789./-') keyLetters[letter.charCodeAt(0)] = 2;

/** Characters that cannot begin a plain scalar, or only in some places. */
const indicators = new Uint8Array(128);
for (const letter of '-?:,[]{}#&*!|>\'"%@`+=<') indicators[letter.charCodeAt(0)] = 1;

const word = /^(?:null|Null|NULL|true|True|TRUE|false|False|FALSE)$/;
const wordKey = /^(?:null|true|false)$/i;
const plainNumber = /^(?:0|[1-9][0-9]{0,14})$/;
/** A text that contains one of these characters is not a number in any notation, unless it is a word such as `.inf`. */
const noNumber = /[^0-9a-fA-FxXoO.+_-]/;
const numberWord = /^\.(?:inf|nan)$/i;

class PlainReader {
  private readonly text: string;
  /** Offset in the text at which reading continues. */
  private at = 0;
  /** The current line: the offset of its content, and its indent; the indent is -1 after the last line. */
  private contentAt = 0;
  private indent = 0;
  private depth = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): unknown {
    this.nextLine();
    if (this.indent < 0) throw outside;
    const value = this.block();
    if (this.indent >= 0) throw outside;
    return value;
  }

  listAlone(indent: number): { readonly elements: unknown[]; readonly starts: number[] } {
    const elements: unknown[] = [];
    const starts: number[] = [];
    this.depth++;
    this.nextLine();
    do {
      if (this.indent !== indent || !this.isDash(this.contentAt)) throw outside;
      starts.push(starts.length === 0 ? 0 : this.contentAt - indent);
      this.at = this.contentAt + 1;
      elements.push(this.element(indent));
    } while (this.indent >= 0);
    return { elements, starts };
  }

  /** Goes from the start of a line to the next line that has content. */
  private nextLine(): void {
    const { text } = this;
    let at = this.at;
    for (;;) {
      const start = at;
      while (text.charCodeAt(at) === space) at++;
      const code = text.charCodeAt(at);
      if (Number.isNaN(code)) {
        this.indent = -1;
        this.contentAt = text.length;
        return;
      }
      if (code !== newline && code !== hash) {
        this.indent = at - start;
        this.contentAt = at;
        return;
      }
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end + 1;
    }
  }

  /** Goes past spaces and a comment to the next line that has content. */
  private endLine(): void {
    const { text } = this;
    let at = this.at;
    while (text.charCodeAt(at) === space) at++;
    const code = text.charCodeAt(at);
    if (code === hash && at === this.at && text.charCodeAt(at - 1) !== space) throw outside;
    if (!Number.isNaN(code) && code !== newline && code !== hash) throw outside;
    const end = text.indexOf('\n', at);
    this.at = end === -1 ? text.length : end + 1;
    this.nextLine();
  }

  private isDash(at: number): boolean {
    if (this.text.charCodeAt(at) !== dash) return false;
    const next = this.text.charCodeAt(at + 1);
    return next === space || next === newline || Number.isNaN(next);
  }

  private block(): unknown {
    if (++this.depth > depthMax) throw outside;
    const value = this.isDash(this.contentAt) ? this.list() : this.map();
    this.depth--;
    return value;
  }

  private map(): Record<string, unknown> {
    const { indent } = this;
    const result: Record<string, unknown> = {};
    do {
      this.at = this.contentAt;
      const key = this.key();
      if (key === '__proto__' || Object.hasOwn(result, key)) throw outside;
      result[key] = this.mapValue(indent);
    } while (this.indent === indent && !this.isDash(this.contentAt));
    if (this.indent > indent || this.indent === indent) throw outside;
    return result;
  }

  /** The value after a key's colon. */
  private mapValue(indent: number): unknown {
    if (!this.isLineOver()) return this.lineValue();
    this.endLine();
    if (this.indent > indent) return this.block();
    return this.indent === indent && this.isDash(this.contentAt) ? this.listInMap() : null;
  }

  /** A list at the same indent as the key that it belongs to: the next key of the map may end it. */
  private listInMap(): unknown[] {
    if (++this.depth > depthMax) throw outside;
    const value = this.elements();
    this.depth--;
    return value;
  }

  private list(): unknown[] {
    const { indent } = this;
    const value = this.elements();
    if (this.indent >= indent) throw outside;
    return value;
  }

  private elements(): unknown[] {
    const { indent } = this;
    const result: unknown[] = [];
    do {
      this.at = this.contentAt + 1;
      result.push(this.element(indent));
      if (this.indent > indent) throw outside;
    } while (this.indent === indent && this.isDash(this.contentAt));
    return result;
  }

  private element(indent: number): unknown {
    if (this.isLineOver()) {
      this.endLine();
      return this.indent > indent ? this.block() : null;
    }
    if (!this.isKeyAhead()) return this.lineValue();
    // A map that begins behind the dash: its keys stand below each other.
    this.indent = indent + (this.at - this.contentAt);
    this.contentAt = this.at;
    return this.block();
  }

  /** Goes past spaces; whether nothing but a comment follows in the line. */
  private isLineOver(): boolean {
    const { text } = this;
    while (text.charCodeAt(this.at) === space) this.at++;
    const code = text.charCodeAt(this.at);
    return Number.isNaN(code) || code === newline || (code === hash && text.charCodeAt(this.at - 1) === space);
  }

  private isKeyAhead(): boolean {
    const { text } = this;
    let at = this.at;
    if (keyLetters[text.charCodeAt(at)] !== 1) return false;
    while (keyLetters[text.charCodeAt(at)]! > 0) at++;
    return text.charCodeAt(at) === colon && this.endsKey(at + 1);
  }

  private endsKey(at: number): boolean {
    const code = this.text.charCodeAt(at);
    return code === space || code === newline || Number.isNaN(code);
  }

  /** A key with its colon, which must be followed by a space or the end of the line. */
  private key(): string {
    const { text } = this;
    const start = this.at;
    const first = text.charCodeAt(start);
    let key: string;
    if (first === quote || first === apostrophe) key = this.quoted();
    else {
      if (keyLetters[first] !== 1) throw outside;
      let at = start;
      while (keyLetters[text.charCodeAt(at)]! > 0) at++;
      key = text.slice(start, at);
      this.at = at;
      if (wordKey.test(key)) throw outside;
    }
    if (text.charCodeAt(this.at) !== colon || !this.endsKey(this.at + 1)) throw outside;
    this.at++;
    return key;
  }

  /** A value that ends with its line. */
  private lineValue(): unknown {
    const { text } = this;
    const code = text.charCodeAt(this.at);
    let value: unknown;
    if (code === quote || code === apostrophe) value = this.quoted();
    else if (code === openBracket || code === openBrace) value = this.flow();
    else return this.plainLine();
    this.endLine();
    return value;
  }

  private plainLine(): unknown {
    const { text, at: start } = this;
    if (indicators[text.charCodeAt(start)] === 1) throw outside;
    let end = text.indexOf('\n', start);
    if (end === -1) end = text.length;
    let line = text.slice(start, end);
    const comment = line.indexOf(' #');
    if (comment !== -1) line = line.slice(0, comment);
    line = withoutSpacesAtEnd(line);
    if (line.includes(': ') || line.endsWith(':')) throw outside;
    this.at = end === text.length ? end : end + 1;
    this.nextLine();
    return resolved(line);
  }

  private flow(): unknown {
    if (++this.depth > depthMax) throw outside;
    const value = this.text.charCodeAt(this.at++) === openBracket ? this.flowList() : this.flowMap();
    this.depth--;
    return value;
  }

  private flowList(): unknown[] {
    const result: unknown[] = [];
    if (this.afterSpaces() === closeBracket) {
      this.at++;
      return result;
    }
    for (;;) {
      result.push(this.flowValue());
      const code = this.afterSpaces();
      this.at++;
      if (code === closeBracket) return result;
      if (code !== comma) throw outside;
      this.afterSpaces();
    }
  }

  private flowMap(): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    if (this.afterSpaces() === closeBrace) {
      this.at++;
      return result;
    }
    for (;;) {
      const key = this.key();
      if (key === '__proto__' || Object.hasOwn(result, key)) throw outside;
      this.afterSpaces();
      result[key] = this.flowValue();
      const code = this.afterSpaces();
      this.at++;
      if (code === closeBrace) return result;
      if (code !== comma) throw outside;
      this.afterSpaces();
    }
  }

  private afterSpaces(): number {
    while (this.text.charCodeAt(this.at) === space) this.at++;
    return this.text.charCodeAt(this.at);
  }

  private flowValue(): unknown {
    const { text, at: start } = this;
    const first = text.charCodeAt(start);
    if (first === quote || first === apostrophe) return this.quoted();
    if (first === openBracket || first === openBrace) return this.flow();
    if (Number.isNaN(first) || first === newline || indicators[first] === 1) throw outside;
    let at = start;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code === comma || code === closeBracket || code === closeBrace) break;
      if (Number.isNaN(code) || code === newline || code === openBracket || code === openBrace) throw outside;
      if (code === hash && text.charCodeAt(at - 1) === space) throw outside;
      at++;
      if (code === colon && isFlowEnd(text.charCodeAt(at))) throw outside;
    }
    this.at = at;
    return resolved(withoutSpacesAtEnd(text.slice(start, at)));
  }

  private quoted(): string {
    const { text } = this;
    const start = this.at + 1;
    const mark = text.charCodeAt(this.at);
    let at = start;
    let escaped = false;
    for (;;) {
      const code = text.charCodeAt(at);
      if (Number.isNaN(code) || code === newline) throw outside;
      if (code === mark) {
        if (mark === quote || text.charCodeAt(at + 1) !== apostrophe) break;
        escaped = true;
        at++;
      } else if (code === backslash && mark === quote) {
        if (!'"\\/nrtbf'.includes(text[at + 1] ?? 'x')) throw outside;
        escaped = true;
        at++;
      }
      at++;
    }
    this.at = at + 1;
    const raw = text.slice(start, at);
    if (!escaped) return raw;
    if (mark === apostrophe) return raw.replaceAll("''", "'");
    // Because: the escapes that were let through mean the same in JSON.
    return JSON.parse(`"${raw}"`) as string;
  }
}

/** Removes only what YAML takes for white space: `trimEnd` would remove a no-break space as well, which belongs to the text. */
function withoutSpacesAtEnd(text: string): string {
  let end = text.length;
  while (text.charCodeAt(end - 1) === space) end--;
  return text.slice(0, end);
}

/** Whether a colon in front of this character ends a key in a flow collection. */
function isFlowEnd(code: number): boolean {
  return code === space || code === comma || code === closeBracket || code === closeBrace || code === newline;
}

/** The value of a plain scalar by the core schema of YAML 1.2. */
function resolved(plain: string): unknown {
  const first = plain.charCodeAt(0);
  if ((first >= 0x30 && first <= 0x39) || first === 0x2e) {
    if (plainNumber.test(plain)) return Number(plain);
    if (noNumber.test(plain) && !numberWord.test(plain)) return plain;
    throw outside;
  }
  if (first === 0x7e) return plain.length === 1 ? null : plain;
  if (plain.length <= 5 && word.test(plain)) {
    const lower = plain.toLowerCase();
    return lower === 'null' ? null : lower === 'true';
  }
  return plain;
}
