// The header fields of one head: the received text or bytes with an index over them, plus changes made by filters. Knows no framing rules.

import { latin1 } from '../base/latin1.ts';
import { type FieldBlock, fieldLine } from './field-block.ts';
import type { HeaderNameSet } from './header-name-set.ts';
import { HeaderId, headerIdOf, headerNames } from './header-names.ts';
import { beginsAt, nameMatchesAt, sameName } from './name-match.ts';

/** Numbers per field in the index: id, start of its line, start of its value, end of its value. */
export const FIELD_STRIDE = 4;

/** Receives a head that is being written: latin1 text, and bytes, which it copies. */
export interface HeadOutput {
  text(text: string): void;
  /** Writes one field as a line. Name and value are written separately: concatenating them first would cost more. */
  field(name: string, value: string): void;
  bytes(bytes: Buffer, start: number, end: number): void;
}

/** Receives fields one by one, as bytes while the head still has the bytes it was read from; see `Headers.visit`. */
export interface FieldVisitor {
  /** `id` is a `HeaderId`. The name is `bytes[nameStart, nameEnd)`, in any case, here and in `fieldText`. */
  fieldBytes(id: number, bytes: Buffer, nameStart: number, nameEnd: number, valueStart: number, valueEnd: number): void;
  fieldText(name: string, value: string): void;
}

/** Id of a field that was removed. Its text stays, but is never returned or sent. */
const REMOVED = -1;

const nothingAdded: readonly string[] = [];

const illegalValue = /[\0-\x08\x0a-\x1f\x7f]/;
const legalName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Which fields were removed and added at one moment; see `Headers.mark`. */
export interface HeadersMark {
  readonly ids: readonly number[];
  readonly block: FieldBlock | null;
  readonly added: readonly string[] | null;
}

/**
 * Header fields in the order received, then those added. Callers pass names in lower case; values are latin1 strings, one
 * character for each byte. Strings are made only for values that are read. Unchanged lines are sent on as received, in one piece.
 */
export class Headers {
  /** The head as latin1 text. Empty until it is needed, as long as `source` has the bytes. */
  private text: string;
  /**
   * The bytes that the head was read from; it begins at `sourceStart`. Borrowed: the next read overwrites them, so code that
   * keeps the head beyond the current call must `settle` it.
   */
  private source: Buffer | null;
  private readonly sourceStart: number;
  /** `FIELD_STRIDE` numbers per field; offsets are relative to the start of the head. */
  private readonly index: number[];
  /** Offset of the end of the last field's line. */
  private readonly linesEnd: number;
  /** Fields added before all those in `added`, shared with other heads. Removing one of them moves the rest to `added`. */
  private block: FieldBlock | null;
  /** Added fields: name, value, name, value. */
  private added: string[] | null;
  /**
   * Names, in lower case, of fields that came over HTTP/2 with the mark that no hop may keep them in a table (RFC 7541 section 6.2.3), so that
   * they are sent on with it; null for none. Without the fields of credentials, which always get the mark.
   */
  neverIndexed: ReadonlySet<string> | null;

  /** `text` may be empty when `source` is given. Callers that need the text anyway pass both. */
  constructor(text: string, source: Buffer | null, sourceStart: number, index: number[], linesEnd: number) {
    this.text = text;
    this.source = source;
    this.sourceStart = sourceStart;
    this.index = index;
    this.linesEnd = linesEnd;
    this.block = null;
    this.added = null;
    this.neverIndexed = null;
  }

  static empty(): Headers {
    return new Headers('', null, 0, [], 0);
  }

  static from(pairs: Iterable<readonly [string, string]>): Headers {
    const headers = Headers.empty();
    for (const [name, value] of pairs) headers.append(name, value);
    return headers;
  }

  private get raw(): string {
    if (this.text === '' && this.source !== null) {
      this.text = latin1(this.source, this.sourceStart, this.sourceStart + this.linesEnd);
    }
    return this.text;
  }

  /** Makes the head independent of the borrowed bytes, by making its text. */
  settle(): void {
    // Because: reading the property makes the text.
    void this.raw;
    this.source = null;
  }

  /** As `settle`, for a head that nobody reads any more: does not make the text, so received values may be lost. */
  forget(): void {
    this.source = null;
  }

  /** The first value of a field, received before added; undefined when there is none. `name` in lower case. */
  get(name: string): string | undefined {
    const at = this.find(name);
    if (at !== -1) return this.raw.slice(this.index[at + 2], this.index[at + 3]);
    return this.hasAdded ? this.getAdded(name) : undefined;
  }

  private get hasAdded(): boolean {
    return this.added !== null || this.block !== null;
  }

  /** Whether a field with a `HeaderId` can be among the added ones. */
  private get mayHaveAdded(): boolean {
    return this.added !== null || (this.block?.holdsKnown ?? false);
  }

  /** All added fields in order: name, value, name, value. Must not be changed. */
  private get allAdded(): readonly string[] {
    const { block, added } = this;
    if (block === null) return added ?? nothingAdded;
    return added === null ? block.fields : block.fields.concat(added);
  }

  private getAdded(name: string): string | undefined {
    return firstOf(this.block?.fields, name) ?? firstOf(this.added, name);
  }

  /** As `get`, for a well-known field, and cheaper. `id` is a `HeaderId` other than `other`. */
  getById(id: number): string | undefined {
    const { index } = this;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) {
      if (index[at] === id) return this.raw.slice(index[at + 2], index[at + 3]);
    }
    return this.mayHaveAdded ? this.getAdded(headerNames[id]!) : undefined;
  }

  /** The value of a well-known field; undefined when it was received more than once. If it was not received, the first added value. */
  getUnrepeatedById(id: number): string | undefined {
    const { index } = this;
    let found = -1;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) {
      if (index[at] !== id) continue;
      if (found !== -1) return undefined;
      found = at;
    }
    if (found === -1) return this.mayHaveAdded ? this.getAdded(headerNames[id]!) : undefined;
    return this.raw.slice(index[found + 2], index[found + 3]);
  }

  /** Whether a well-known field was received and not removed. Makes no text. */
  hasReceived(id: number): boolean {
    const { index } = this;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) if (index[at] === id) return true;
    return false;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Every value of a field, in order, received before added. `name` in lower case. */
  getAll(name: string): string[] {
    const { index } = this;
    const values: string[] = [];
    for (let at = this.find(name); at !== -1; at = this.find(name, at + FIELD_STRIDE)) {
      values.push(this.raw.slice(index[at + 2], index[at + 3]));
    }
    const added = this.allAdded;
    for (let i = 0; i < added.length; i += 2) if (sameName(added[i]!, name)) values.push(added[i + 1]!);
    return values;
  }

  /** Whether the head has more than one field of this name. `name` in lower case. */
  isRepeated(name: string): boolean {
    const first = this.find(name);
    if (first === -1) return this.hasAdded && this.getAll(name).length > 1;
    return this.find(name, first + FIELD_STRIDE) !== -1 || (this.hasAdded && this.getAdded(name) !== undefined);
  }

  /** All values of a field joined to one list (RFC 9110 section 5.3); undefined when there is none. Not for Set-Cookie. */
  getJoined(name: string): string | undefined {
    const values = this.getAll(name);
    return values.length === 0 ? undefined : values.join(', ');
  }

  /** Replaces all fields of this name by one. Throws a TypeError when name or value is not allowed in a head. */
  set(name: string, value: string): void {
    this.remove(name);
    this.append(name, value);
  }

  /** Adds a field after the others. Throws a TypeError when name or value is not allowed in a head. */
  append(name: string, value: string): void {
    if (!legalName.test(name)) throw new TypeError(`not a header name: ${JSON.stringify(name)}`);
    if (illegalValue.test(value)) throw new TypeError(`control byte in the value of header ${name}`);
    this.added ??= [];
    this.added.push(name, value);
  }

  /** As `append`, without the checks. For the gateway's own fields on the hot path, whose names and values are known to be legal. */
  appendTrusted(name: string, value: string): void {
    this.added ??= [];
    this.added.push(name, value);
  }

  /** As `appendTrusted`, for several fields: name, value, name, value. */
  appendAllTrusted(fields: readonly string[]): void {
    const { added } = this;
    // Because: copying a list takes a fifth of the time of filling one.
    if (added === null) this.added = fields.slice();
    else for (let i = 0; i < fields.length; i++) added.push(fields[i]!);
  }

  /** As `appendTrusted`, for fields that many heads get. Costs next to nothing in a head to which nothing was added before. */
  appendBlock(block: FieldBlock): void {
    if (this.hasAdded) this.appendAllTrusted(block.fields);
    else this.block = block;
  }

  /** Copies the shared block's fields into `added`, so that they can be changed for this head alone. */
  private unfold(): void {
    const { block } = this;
    if (block === null) return;
    this.block = null;
    this.added = block.fields.concat(this.added ?? []);
  }

  /** Removes every field of this name, received or added. `name` in lower case. */
  remove(name: string): void {
    for (let at = this.find(name); at !== -1; at = this.find(name)) this.index[at] = REMOVED;
    if (this.hasAdded) this.removeAdded(name);
  }

  private removeAdded(name: string): void {
    if (this.block?.has(name)) this.unfold();
    const { added } = this;
    if (added === null) return;
    for (let i = added.length - 2; i >= 0; i -= 2) if (sameName(added[i]!, name)) added.splice(i, 2);
  }

  /** Removes every field, received or added, whose name begins with `prefix`. `prefix` in lower case. One pass. */
  removeByPrefix(prefix: string): void {
    const { index, raw } = this;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) {
      if (index[at] !== REMOVED && beginsAt(raw, index[at + 1]!, prefix)) index[at] = REMOVED;
    }
    this.unfold();
    const { added } = this;
    if (added === null) return;
    for (let i = added.length - 2; i >= 0; i -= 2) if (beginsAt(added[i]!, 0, prefix)) added.splice(i, 2);
  }

  /** Removes every received field whose name is in the set, in one pass. Added fields stay: call it before any are added. */
  removeNamed(names: HeaderNameSet): void {
    const { index, raw } = this;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) {
      if (index[at] !== REMOVED && names.matchesAt(raw, index[at + 1]!)) index[at] = REMOVED;
    }
  }

  /** Removes every added field whose name is in the set, and returns those fields as name, value, name, value. */
  takeAdded(names: HeaderNameSet): string[] {
    this.unfold();
    const { added } = this;
    if (added === null) return [];
    const taken: string[] = [];
    const others: string[] = [];
    for (let i = 0; i < added.length; i += 2) (names.has(added[i]!) ? taken : others).push(added[i]!, added[i + 1]!);
    this.added = others;
    return taken;
  }

  /** Removes every field of a well-known name, received or added. */
  removeById(id: number): void {
    const { index } = this;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) if (index[at] === id) index[at] = REMOVED;
    if (this.mayHaveAdded) this.removeAdded(headerNames[id]!);
  }

  /** Records which fields the head has now, so that `restore` can bring them back. */
  mark(): HeadersMark {
    const ids: number[] = [];
    for (let at = 0; at < this.index.length; at += FIELD_STRIDE) ids.push(this.index[at]!);
    return { ids, block: this.block, added: this.added?.slice() ?? null };
  }

  restore({ ids, block, added }: HeadersMark): void {
    for (let i = 0; i < ids.length; i++) this.index[i * FIELD_STRIDE] = ids[i]!;
    this.block = block;
    this.added = added?.slice() ?? null;
  }

  /** Approximate size of the fields in bytes, for counters. Received fields that were removed are counted as well. */
  get size(): number {
    const { index, block, added } = this;
    let size = index.length === 0 ? 0 : this.linesEnd - index[1]!;
    if (block !== null) size += block.lines.length;
    if (added !== null) for (let i = 0; i < added.length; i += 2) size += added[i]!.length + added[i + 1]!.length + 4;
    return size;
  }

  /** Removes every received field whose id is 1 in `mask`, in one pass. Added fields stay: call it before any are added. */
  removeMasked(mask: Uint8Array): void {
    const { index } = this;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) {
      const id = index[at]!;
      if (id > 0 && mask[id] === 1) index[at] = REMOVED;
    }
  }

  /** All fields in order, with names spelled as received or added. */
  *[Symbol.iterator](): IterableIterator<[string, string]> {
    const { index, raw } = this;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) {
      if (index[at] === REMOVED) continue;
      const start = index[at + 1]!;
      yield [raw.slice(start, raw.indexOf(':', start)), raw.slice(index[at + 2], index[at + 3])];
    }
    const added = this.allAdded;
    for (let i = 0; i < added.length; i += 2) yield [added[i]!, added[i + 1]!];
  }

  /** The fields as lines, each ended by CRLF. */
  lines(): string {
    let text = '';
    this.write({
      text(piece) {
        text += piece;
      },
      field(name, value) {
        text += fieldLine(name, value);
      },
      bytes(bytes, start, end) {
        text += latin1(bytes, start, end);
      },
    });
    return text;
  }

  /** Writes the fields as lines, each ended by CRLF. Consecutive received lines are written in one piece. */
  write(out: HeadOutput): void {
    const { index } = this;
    this.writeRuns(out, index.length === 0 ? this.linesEnd : index[1]!);
  }

  /** As `write`, preceded by the start line as received. Only for heads that have one. */
  writeWithStartLine(out: HeadOutput): void {
    this.writeRuns(out, 0);
  }

  /** Passes every field to `visitor` in order, for protocols that do not write lines. Fields of a head that has `source` go as bytes. */
  visit(visitor: FieldVisitor): void {
    const { index, allAdded: added, source, sourceStart, text } = this;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) {
      const id = index[at]!;
      if (id === REMOVED) continue;
      const nameStart = index[at + 1]!;
      const [valueStart, valueEnd] = [index[at + 2]!, index[at + 3]!];
      if (source === null) {
        visitor.fieldText(text.slice(nameStart, text.indexOf(':', nameStart)), text.slice(valueStart, valueEnd));
      } else {
        const start = sourceStart + nameStart;
        let nameEnd = start + 1;
        while (source[nameEnd] !== 0x3a) nameEnd++;
        visitor.fieldBytes(id, source, start, nameEnd, sourceStart + valueStart, sourceStart + valueEnd);
      }
    }
    for (let i = 0; i < added.length; i += 2) visitor.fieldText(added[i]!, added[i + 1]!);
  }

  private writeRuns(out: HeadOutput, from: number): void {
    const { index, block, added } = this;
    let runStart = from;
    for (let at = 0; at < index.length; at += FIELD_STRIDE) {
      if (index[at] === REMOVED) {
        const runEnd = index[at + 1]!;
        if (runStart !== -1 && runStart !== runEnd) this.writeRun(out, runStart, runEnd);
        runStart = -1;
      } else if (runStart === -1) {
        runStart = index[at + 1]!;
      }
    }
    if (runStart !== -1 && runStart !== this.linesEnd) this.writeRun(out, runStart, this.linesEnd);
    if (block !== null) out.text(block.lines);
    if (added !== null) for (let i = 0; i < added.length; i += 2) out.field(added[i]!, added[i + 1]!);
  }

  private writeRun(out: HeadOutput, start: number, end: number): void {
    const { source, sourceStart } = this;
    if (source !== null) out.bytes(source, sourceStart + start, sourceStart + end);
    else out.text(this.text.slice(start, end));
  }

  /** Offset into the index of the first received field of this name at or after `from`; -1 when there is none. */
  private find(name: string, from = 0): number {
    const { index, raw } = this;
    const id = headerIdOf(name);
    for (let at = from; at < index.length; at += FIELD_STRIDE) {
      if (index[at] !== id) continue;
      if (id !== HeaderId.other || nameMatchesAt(raw, index[at + 1]!, name)) return at;
    }
    return -1;
  }
}

/** The first value of `name` in a list of name, value, name, value; undefined when there is none. */
function firstOf(added: readonly string[] | null | undefined, name: string): string | undefined {
  if (!added) return undefined;
  for (let i = 0; i < added.length; i += 2) if (sameName(added[i]!, name)) return added[i + 1];
  return undefined;
}
