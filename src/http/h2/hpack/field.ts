// One decoded header field of HTTP/2, checked once when it is made, whether or not a table keeps it. Immutable.

import { tokenByte, valueByte } from '../../byte-classes.ts';
import { HeaderId, headerIdOf } from '../../header-names.ts';

/** Ids of pseudo-header fields (RFC 9113 section 8.3, RFC 8441): negative, so that they never equal a `HeaderId`. */
export const PseudoId = {
  method: -1,
  scheme: -2,
  path: -3,
  authority: -4,
  protocol: -5,
  status: -6,
  unknown: -7,
} as const;

const pseudoIds = new Map<string, number>([
  [':method', PseudoId.method],
  [':scheme', PseudoId.scheme],
  [':path', PseudoId.path],
  [':authority', PseudoId.authority],
  [':protocol', PseudoId.protocol],
  [':status', PseudoId.status],
]);

/** What can be wrong with a single field (RFC 9113 section 8.2.1). */
export const FieldFlaw = { none: 0, name: 1, value: 2 } as const;

/** Bytes that each table entry counts in addition to its text (RFC 7541 section 4.1). */
export const ENTRY_OVERHEAD = 32;

export class Field {
  readonly name: string;
  /** Latin1: one character for each byte. */
  readonly value: string;
  /** A `HeaderId` or `PseudoId`. */
  readonly id: number;
  /** One of `FieldFlaw`. `name`: empty, not a token, or with upper case. `value`: control bytes, or white space at an end. */
  readonly flaw: number;
  /** Size in bytes as tables and limits count it. */
  readonly size: number;

  constructor(name: string, value: string, id: number, flaw: number) {
    this.name = name;
    this.value = value;
    this.id = id;
    this.flaw = flaw;
    this.size = name.length + value.length + ENTRY_OVERHEAD;
  }
}

/** The `HeaderId` or `PseudoId` of a field with this name. */
function fieldIdOf(name: string): number {
  return name.charCodeAt(0) === 0x3a ? (pseudoIds.get(name) ?? PseudoId.unknown) : headerIdOf(name);
}

/** Whether `name` is a token without upper-case letters; a pseudo-header name has a colon before the token. */
function isFieldName(name: string): boolean {
  const from = name.charCodeAt(0) === 0x3a ? 1 : 0;
  if (name.length === from) return false;
  for (let i = from; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (tokenByte[code] !== 1 || (code >= 0x41 && code <= 0x5a)) return false;
  }
  return true;
}

function isFieldValue(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  if (value.charCodeAt(0) <= 0x20 || value.charCodeAt(length - 1) <= 0x20) return false;
  for (let i = 0; i < length; i++) if (valueByte[value.charCodeAt(i)] !== 1) return false;
  return true;
}

/** Makes a field from a name and a value, checking both. */
export function fieldOf(name: string, value: string): Field {
  const named = isFieldName(name);
  const flaw = !named ? FieldFlaw.name : isFieldValue(value) ? FieldFlaw.none : FieldFlaw.value;
  return new Field(name, value, named ? fieldIdOf(name) : HeaderId.other, flaw);
}

/** Makes a field with the name of another field and a value of its own, checking only the value. */
export function fieldLike(named: Field, value: string): Field {
  const flaw = named.flaw === FieldFlaw.name ? FieldFlaw.name : isFieldValue(value) ? FieldFlaw.none : FieldFlaw.value;
  return new Field(named.name, value, named.id, flaw);
}
