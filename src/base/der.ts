// A reader of DER (X.690) as far as revocation lists need it: a sequence of elements with definite lengths.

/** The bytes are not DER, or not what is expected at this position. */
export class DerError extends Error {}

/** Offsets of one element: `from` is its first byte, and its content is from `start` to before `end`. */
export interface DerElement {
  readonly tag: number;
  readonly from: number;
  readonly start: number;
  readonly end: number;
}

export const DerTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  /** `[0] EXPLICIT`. */
  context0: 0xa0,
} as const;

/** The element that begins at `at` and must end by `end`. Throws a DerError. */
export function readElement(bytes: Buffer, at: number, end: number): DerElement {
  if (at + 2 > end) throw new DerError('an element ends early');
  const tag = bytes[at]!;
  let length = bytes[at + 1]!;
  let start = at + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 4 || start + count > end) throw new DerError('a length that DER does not allow');
    length = bytes.readUIntBE(start, count);
    start += count;
    if (length < 0x80 || (count > 1 && length < 2 ** (8 * (count - 1))))
      throw new DerError('a length that is too long');
  }
  if (start + length > end) throw new DerError('an element ends after the one that contains it');
  return { tag, from: at, start, end: start + length };
}

/** The elements inside an element. Throws a DerError. */
export function childrenOf(bytes: Buffer, { start, end }: DerElement): DerElement[] {
  const children: DerElement[] = [];
  for (let at = start; at < end; ) {
    const child = readElement(bytes, at, end);
    children.push(child);
    at = child.end;
  }
  return children;
}

/** Throws a DerError when the element is missing or has another tag. */
export function expectTag(element: DerElement | undefined, tag: number): DerElement {
  if (element?.tag !== tag) throw new DerError(`expected the tag ${tag}, found ${element?.tag ?? 'nothing'}`);
  return element;
}

/** An object identifier as text, such as `1.2.840.113549.1.1.11`. */
export function oidText(bytes: Buffer, { start, end }: DerElement): string {
  const numbers: number[] = [];
  let value = 0;
  for (let at = start; at < end; at++) {
    value = value * 128 + (bytes[at]! & 0x7f);
    if ((bytes[at]! & 0x80) !== 0) continue;
    if (numbers.length === 0)
      numbers.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)));
    else numbers.push(value);
    value = 0;
  }
  return numbers.join('.');
}

/** A UTCTime or GeneralizedTime in milliseconds since 1970, in the one form that RFC 5280 allows. Throws a DerError. */
export function timeMs(bytes: Buffer, element: DerElement): number {
  const text = bytes.toString('latin1', element.start, element.end);
  const isShort = element.tag === DerTag.utcTime;
  const match = /^([0-9]{2,4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})Z$/.exec(text);
  if (match === null || match[1]!.length !== (isShort ? 2 : 4)) throw new DerError('a time in an odd form');
  const [, year = 0, month = 0, day, hour, minute, second] = match.map(Number);
  const full = isShort ? (year < 50 ? 2000 : 1900) + year : year;
  return Date.UTC(full, month - 1, day, hour, minute, second);
}
